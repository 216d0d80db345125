import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import manifest from '../../package.json';
import { EngineState } from '../../src/status/engineState';
import { menuEntries, type MenuFacts } from '../../src/status/menu';
import { status } from '../fixtures/notifications';

const READY: MenuFacts = {
  summary: { state: 'ready', message: 'Explained.', busy: 0 },
  model: 'm',
  heatMap: true,
  trusted: true,
  python: false,
};

const commands = (changes: Partial<MenuFacts>) =>
  menuEntries({ ...READY, ...changes }).map(({ command }) => command);

describe('menuEntries', () => {
  it('always has log, restart, model and heat map', () => {
    for (const name of ['showLog', 'restartServer', 'chooseModel', 'toggleHeatMap']) {
      assert.ok(commands({}).includes(`tokenblame.${name}`), name);
    }
  });

  it('offers first what helps now', () => {
    assert.equal(commands({ trusted: false })[0], 'workbench.trust.manage');
    const error = { state: 'error', message: 'no Python', busy: 0 } as const;
    assert.equal(commands({ summary: error })[0], 'tokenblame.setUp');
    const computing = { state: 'computing', message: 'Searching', busy: 1 } as const;
    assert.equal(commands({ summary: computing })[0], 'tokenblame.cancelAll');
    assert.ok(commands({ python: true }).includes('tokenblame.explainFile'));
  });

  it('names only commands that there are', () => {
    const known = new Set(manifest.contributes.commands.map(({ command }) => command));
    for (const state of ['error', 'computing'] as const) {
      const summary = { state, message: '', busy: 0 };
      for (const command of commands({ summary, trusted: false, python: true })) {
        const foreign = command.startsWith('workbench.') || command === 'tokenblame.samples.focus';
        assert.ok(known.has(command) || foreign, command);
      }
    }
  });

  it('says what the switch will do', () => {
    const labels = (heatMap: boolean) =>
      menuEntries({ ...READY, heatMap }).map(({ label }) => label);
    assert.ok(labels(true).some((label) => label.includes('Hide the heat map')));
    assert.ok(labels(false).some((label) => label.includes('Show the heat map')));
  });
});

describe('EngineState', () => {
  it('computes until the last document is done', () => {
    const engine = new EngineState();
    engine.take(status('computing', 'one', 'a'));
    assert.deepEqual(engine.take(status('computing', 'two', 'b')), {
      state: 'computing',
      message: 'two',
      busy: 2,
    });
    assert.deepEqual(engine.take(status('ready', 'Explained.', 'b')), {
      state: 'computing',
      message: 'one',
      busy: 1,
    });
    assert.equal(engine.take(status('ready', 'Explained.', 'a')).state, 'ready');
  });

  it('ends the work on a document that was edited or closed, and only there', () => {
    const engine = new EngineState();
    engine.take(status('computing', 'one', 'a'));
    engine.take(status('computing', 'two', 'b'));
    assert.equal(engine.ended('c').busy, 2);
    assert.equal(engine.ended('a').busy, 1);
    assert.deepEqual(engine.ended('b'), { state: 'ready', message: 'Stopped.', busy: 0 });
    engine.take(status('error', 'no model', 'b'));
    assert.equal(engine.ended('b').state, 'error');
  });

  it('shows a start whatever is in work, and forgets the work of a server that ended', () => {
    const engine = new EngineState();
    engine.take(status('computing', 'one', 'a'));
    assert.equal(engine.take(status('starting', 'Connecting', null)).state, 'starting');
    engine.serverGone();
    assert.deepEqual(engine.take(status('error', 'gone', null)), {
      state: 'error',
      message: 'gone',
      busy: 0,
    });
    assert.equal(engine.summary.state, 'error');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import manifest from '../../package.json';
import { menuEntries, type MenuFacts } from '../../src/status/menu';

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

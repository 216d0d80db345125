import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineState } from '../../src/status/engineState';
import { status } from '../fixtures/notifications';

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

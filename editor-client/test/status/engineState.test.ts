import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineState } from '../../src/status/engineState';
import { status } from '../fixtures/notifications';

describe('EngineState', () => {
  it('computes until the last document is done', () => {
    const engine = new EngineState();
    engine.update(status('computing', 'one', 'a'));
    assert.deepEqual(engine.update(status('computing', 'two', 'b')), {
      state: 'computing',
      message: 'two',
      busy: 2,
    });
    assert.deepEqual(engine.update(status('ready', 'Explained.', 'b')), {
      state: 'computing',
      message: 'one',
      busy: 1,
    });
    assert.equal(engine.update(status('ready', 'Explained.', 'a')).state, 'ready');
  });

  it('ends the work on a document that was edited or closed, and only there', () => {
    const engine = new EngineState();
    engine.update(status('computing', 'one', 'a'));
    engine.update(status('computing', 'two', 'b'));
    assert.equal(engine.workEnded('c').busy, 2);
    assert.equal(engine.workEnded('a').busy, 1);
    assert.deepEqual(engine.workEnded('b'), { state: 'ready', message: 'Stopped.', busy: 0 });
    engine.update(status('error', 'no model', 'b'));
    assert.equal(engine.workEnded('b').state, 'error');
  });

  it('shows a start whatever is in work, and forgets the work of a server that ended', () => {
    const engine = new EngineState();
    engine.update(status('computing', 'one', 'a'));
    assert.equal(engine.update(status('starting', 'Connecting', null)).state, 'starting');
    engine.serverEnded();
    assert.deepEqual(engine.update(status('error', 'gone', null)), {
      state: 'error',
      message: 'gone',
      busy: 0,
    });
    assert.equal(engine.summary.state, 'error');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Outcomes } from '../../src/outcomes/outcomes';
import { PAIR, relevance, status, URI } from '../fixtures/notifications';

const kind = (outcomes: Outcomes) => outcomes.of(URI).kind;

/** The messages of a run that ends well, as far as the verdict. */
function begun(): Outcomes {
  const outcomes = new Outcomes();
  outcomes.status(status('computing', 'Running the tests'));
  outcomes.relevance(relevance());
  return outcomes;
}

describe('Outcomes', () => {
  it('tells passing from failing only once the work has ended', () => {
    const passing = begun();
    assert.equal(kind(passing), 'running');
    passing.status(status('ready', 'Explained.'));
    assert.equal(kind(passing), 'pass');

    const failing = begun();
    failing.testFailed(URI);
    failing.status(status('ready', 'Explained.'));
    assert.equal(kind(failing), 'fail');
  });

  it('takes a failing test that is reported late', () => {
    const outcomes = begun();
    outcomes.status(status('ready', 'Explained.'));
    outcomes.testFailed(URI);
    assert.equal(kind(outcomes), 'fail');
  });

  it('shows a proved pair at once', () => {
    const outcomes = begun();
    outcomes.testFailed(URI);
    outcomes.relevance(relevance({ pair: PAIR }));
    assert.deepEqual(outcomes.of(URI), {
      kind: 'proved',
      logitDiff: 1.235,
      target: ' <',
      contrast: ' <=',
      weak: false,
    });
  });

  it('keeps a proved pair while something else is asked about the same text', () => {
    const outcomes = begun();
    outcomes.relevance(relevance({ pair: PAIR }));
    outcomes.status(status('ready', 'Explained.'));
    outcomes.status(status('computing', 'Measuring'));
    assert.equal(kind(outcomes), 'proved');
    outcomes.relevance(relevance({ pair: { ...PAIR, origin: 'manual' } }));
    outcomes.status(status('ready', 'Explained.'));
    assert.equal(kind(outcomes), 'proved');
    outcomes.relevance(relevance({ version: 2, state: 'stale' }));
    assert.equal(kind(outcomes), 'unknown');
  });

  it('takes a pair chosen by hand for no proof', () => {
    const outcomes = begun();
    outcomes.testFailed(URI);
    outcomes.relevance(relevance({ pair: { ...PAIR, origin: 'manual' } }));
    outcomes.status(status('ready', 'Explained.'));
    assert.equal(kind(outcomes), 'fail');
  });

  it('knows nothing of what was refused or stopped before a verdict', () => {
    const refused = new Outcomes();
    refused.relevance(relevance());
    refused.status(status('untrusted'));
    assert.equal(kind(refused), 'unknown');
    assert.equal(refused.workState(URI), 'refused');

    const stopped = new Outcomes();
    stopped.status(status('computing'));
    stopped.status(status('ready', 'Stopped.'));
    assert.equal(kind(stopped), 'unknown');
    assert.equal(stopped.workState(URI), 'stopped');
  });

  it('names an error', () => {
    const outcomes = new Outcomes();
    outcomes.status(status('error', 'no such model'));
    assert.deepEqual(outcomes.of(URI), { kind: 'error', message: 'no such model' });
  });

  it('forgets with an edit, and starts anew with new work', () => {
    const outcomes = begun();
    outcomes.testFailed(URI);
    outcomes.status(status('ready'));
    outcomes.relevance(relevance({ version: 2, state: 'stale' }));
    assert.equal(kind(outcomes), 'unknown');
    outcomes.status(status('computing'));
    assert.equal(kind(outcomes), 'running');
    outcomes.relevance(relevance({ version: 2 }));
    outcomes.status(status('ready'));
    assert.equal(kind(outcomes), 'pass');
  });

  it('keeps the outcome of a closed document, but not its work', () => {
    const outcomes = begun();
    outcomes.status(status('ready'));
    outcomes.relevance(relevance({ state: 'cleared' }));
    assert.equal(kind(outcomes), 'pass');

    const working = begun();
    working.relevance(relevance({ state: 'cleared' }));
    assert.equal(working.workState(URI), 'lost');
    assert.equal(kind(working), 'unknown');
  });

  it('goes on with what was asked for when older results are taken away', () => {
    const outcomes = begun();
    outcomes.status(status('ready'));
    outcomes.requested(URI);
    outcomes.relevance(relevance({ state: 'stale' }));
    assert.equal(kind(outcomes), 'running');
  });

  it('loses the work, and nothing else, with the server', () => {
    const outcomes = begun();
    const other = 'file:///w/HumanEval_1/0.py';
    outcomes.status(status('error', 'x', other));
    outcomes.serverEnded();
    assert.equal(outcomes.workState(URI), 'lost');
    assert.equal(outcomes.of(other).kind, 'error');
  });

  it('tells of changes until nobody listens', () => {
    const outcomes = new Outcomes();
    const heard: string[] = [];
    const stop = outcomes.onChange((uri) => heard.push(uri));
    outcomes.testFailed(URI);
    outcomes.forget(URI);
    outcomes.forget(URI);
    outcomes.status(status('starting', '', null));
    stop();
    outcomes.testFailed(URI);
    assert.deepEqual(heard, [URI, URI]);
  });
});

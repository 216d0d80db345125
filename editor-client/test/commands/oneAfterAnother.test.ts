import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { oneAfterAnother, spelled } from '../../src/commands/oneAfterAnother';
import { Outcomes } from '../../src/outcomes/outcomes';
import { ended } from '../../src/outcomes/waiting';
import { relevance, status, URI } from '../fixtures/notifications';

describe('oneAfterAnother', () => {
  it('goes through all, also where some fail', async () => {
    const seen: string[] = [];
    const report = await oneAfterAnother(
      ['a', 'b', 'c'],
      (item) => Promise.resolve(item !== 'b'),
      (item, index) => seen.push(`${item}${index}`),
      new AbortController().signal,
    );
    assert.deepEqual(seen, ['a0', 'b1', 'c2']);
    assert.deepEqual(report, { done: 2, failed: 1, cancelled: false });
    assert.equal(spelled(report, 3), '2 of 3 samples explained, 1 could not be.');
  });

  it('stops when told to, without counting what was in work', async () => {
    const controller = new AbortController();
    const report = await oneAfterAnother(
      [1, 2, 3],
      (item) => {
        if (item === 2) controller.abort();
        return Promise.resolve(item !== 2);
      },
      () => undefined,
      controller.signal,
    );
    assert.deepEqual(report, { done: 1, failed: 0, cancelled: true });
    assert.equal(spelled(report, 3), '1 of 3 samples explained, the others were left out.');
  });
});

describe('ended', () => {
  const LONG = 60_000;

  it('waits for the end of the work', async () => {
    const outcomes = new Outcomes();
    outcomes.requested(URI);
    const end = ended(outcomes, URI, new AbortController().signal, LONG);
    outcomes.status(status('computing'));
    outcomes.relevance(relevance());
    outcomes.status(status('ready', '', 'file:///another.py'));
    outcomes.status(status('ready'));
    assert.equal(await end, 'done');
  });

  it('knows how it ended', async () => {
    const outcomes = new Outcomes();
    outcomes.requested(URI);
    const end = ended(outcomes, URI, new AbortController().signal, LONG);
    outcomes.serverGone();
    assert.equal(await end, 'lost');
    outcomes.status(status('error', 'x'));
    assert.equal(await ended(outcomes, URI, new AbortController().signal, LONG), 'failed');
  });

  it('gives up when told to, and when nothing is heard any more', async () => {
    const outcomes = new Outcomes();
    const controller = new AbortController();
    outcomes.requested(URI);
    const cancelled = ended(outcomes, URI, controller.signal, LONG);
    controller.abort();
    assert.equal(await cancelled, 'cancelled');
    assert.equal(await ended(outcomes, URI, controller.signal, LONG), 'cancelled');
    assert.equal(await ended(outcomes, URI, new AbortController().signal, 5), 'silent');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Outcomes } from '../../src/outcomes/outcomes';
import { waitForEnd } from '../../src/outcomes/waitForEnd';
import { relevance, status, URI } from '../fixtures/notifications';

describe('waitForEnd', () => {
  const LONG = 60_000;

  it('waits for the end of the work', async () => {
    const outcomes = new Outcomes();
    outcomes.requested(URI);
    const end = waitForEnd(outcomes, URI, new AbortController().signal, LONG);
    outcomes.status(status('computing'));
    outcomes.relevance(relevance());
    outcomes.status(status('ready', '', 'file:///another.py'));
    outcomes.status(status('ready'));
    assert.equal(await end, 'done');
  });

  it('knows how it ended', async () => {
    const outcomes = new Outcomes();
    outcomes.requested(URI);
    const end = waitForEnd(outcomes, URI, new AbortController().signal, LONG);
    outcomes.serverEnded();
    assert.equal(await end, 'lost');
    outcomes.status(status('error', 'x'));
    assert.equal(await waitForEnd(outcomes, URI, new AbortController().signal, LONG), 'failed');
  });

  it('gives up when told to, and when nothing is heard any more', async () => {
    const outcomes = new Outcomes();
    const controller = new AbortController();
    outcomes.requested(URI);
    const cancelled = waitForEnd(outcomes, URI, controller.signal, LONG);
    controller.abort();
    assert.equal(await cancelled, 'cancelled');
    assert.equal(await waitForEnd(outcomes, URI, controller.signal, LONG), 'cancelled');
    assert.equal(await waitForEnd(outcomes, URI, new AbortController().signal, 5), 'silent');
  });
});

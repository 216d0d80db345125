import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LatestResults } from '../../src/outcomes/latestResults';
import { PAIR, relevance, SPANS, URI } from '../fixtures/notifications';

const VERDICT = relevance();
const PROVED = relevance({ pair: PAIR });
const HEAT = relevance({ pair: PAIR, spans: SPANS });

/** Heat was shown, and the server that had sent it is gone. */
function afterCrash(): LatestResults {
  const results = new LatestResults();
  for (const result of [VERDICT, PROVED, HEAT]) assert.equal(results.accept(result), result);
  results.serverEnded();
  return results;
}

describe('LatestResults', () => {
  it('shows what comes while one server lives', () => {
    const results = new LatestResults();
    assert.equal(results.accept(HEAT), HEAT);
    assert.equal(results.accept(VERDICT), VERDICT);
  });

  it('keeps the heat of a crashed server until the next one knows as much', () => {
    const results = afterCrash();
    assert.equal(results.accept(VERDICT), null);
    assert.equal(results.accept(PROVED), null);
    assert.equal(results.accept(HEAT), HEAT);
    assert.equal(results.accept(VERDICT), VERDICT);
  });

  it('gives way to a new server that has finished with less', () => {
    const results = afterCrash();
    assert.equal(results.accept(VERDICT), null);
    assert.equal(results.workFinished(URI), VERDICT);
    assert.equal(results.workFinished(URI), null);
  });

  it('keeps nothing that the user has edited or closed', () => {
    for (const state of ['stale', 'cleared'] as const) {
      const results = afterCrash();
      const result = relevance({ state });
      assert.equal(results.accept(result), result);
      assert.equal(results.accept(VERDICT), VERDICT);
    }
    assert.notEqual(afterCrash().accept(relevance({ version: 2 })), null);
  });

  it('survives a second crash', () => {
    const results = afterCrash();
    results.accept(VERDICT);
    results.serverEnded();
    assert.equal(results.workFinished(URI), null);
    assert.equal(results.accept(PROVED), null);
  });
});

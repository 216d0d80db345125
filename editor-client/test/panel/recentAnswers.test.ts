import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecentAnswers } from '../../src/panel/recentAnswers';

describe('RecentAnswers', () => {
  it('forgets the one that was not asked for the longest time', () => {
    const kept = new RecentAnswers<object>(2);
    const make = (): object => ({});
    const first = kept.get('a', '1', make);
    kept.get('b', '1', make);
    assert.equal(kept.get('a', '1', make), first);
    kept.get('c', '1', make);
    assert.equal(kept.get('a', '1', make), first);
    assert.notEqual(kept.get('a', '2', make), first);
    kept.forget('a');
    assert.notEqual(kept.get('a', '1', make), first);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Crashes } from '../../src/server/crashes';

describe('Crashes', () => {
  it('waits longer each time and gives up when crashes come thick', () => {
    const crashes = new Crashes();
    const delays = [0, 1, 2, 3, 4, 5].map((second) => crashes.restartDelay(second * 1000));
    assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, null]);
  });

  it('forgives crashes of long ago, and all of them when told', () => {
    const crashes = new Crashes();
    for (const second of [0, 1, 2, 3, 4, 5]) crashes.restartDelay(second * 1000);
    assert.equal(crashes.restartDelay(10 * 60_000), 500);
    crashes.reset();
    assert.equal(crashes.restartDelay(10 * 60_000 + 1), 500);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { budgetAfter } from '../../graph/canvas/pace';

describe('A slow frame is followed by one with fewer edges', () => {
  for (const [edges, milliseconds, then, why] of [
    [4000, 16, 4000, 'as many as on a fast machine'],
    [4000, 80, 2000, 'twice too slow: half of them'],
    [2000, 5, 4000, 'fast again'],
    [1000, 0, 2000, 'at most twice as many from one frame to the next'],
    [500, 1000, 250, 'what shows the shape of the graph stays'],
  ] as const) {
    it(why, () => {
      assert.equal(budgetAfter(edges, milliseconds), then);
    });
  }
});

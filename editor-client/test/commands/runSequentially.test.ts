import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeReport, runSequentially } from '../../src/commands/runSequentially';

describe('oneAfterAnother', () => {
  it('goes through all, also where some fail', async () => {
    const seen: string[] = [];
    const report = await runSequentially(
      ['a', 'b', 'c'],
      (item) => Promise.resolve(item !== 'b'),
      (item, index) => seen.push(`${item}${index}`),
      new AbortController().signal,
    );
    assert.deepEqual(seen, ['a0', 'b1', 'c2']);
    assert.deepEqual(report, { done: 2, failed: 1, cancelled: false });
    assert.equal(describeReport(report, 3), '2 of 3 samples explained, 1 could not be.');
  });

  it('stops when told to, without counting what was in work', async () => {
    const controller = new AbortController();
    const report = await runSequentially(
      [1, 2, 3],
      (item) => {
        if (item === 2) controller.abort();
        return Promise.resolve(item !== 2);
      },
      () => undefined,
      controller.signal,
    );
    assert.deepEqual(report, { done: 1, failed: 0, cancelled: true });
    assert.equal(describeReport(report, 3), '1 of 3 samples explained, the others were left out.');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bucketOf, BUCKETS, FLOOR, LEVELS, sortIntoBuckets } from '../../src/heatmap/buckets';

const prompt = (value: number) => ({ value, role: 'prompt' as const });

const wanted = (intensity = 1) => ({ intensity, positive: true, negative: true, template: true });

describe('bucketOf', () => {
  it('tells the sign', () => {
    assert.equal(bucketOf(prompt(1), wanted()), 'positive4');
    assert.equal(bucketOf(prompt(-1), wanted()), 'negative4');
  });

  it('grows with the magnitude and reaches every level', () => {
    const levels = Array.from({ length: 101 }, (_, percent) =>
      bucketOf(prompt(percent / 100), wanted()),
    )
      .filter((bucket) => bucket !== null)
      .map((bucket) => Number(bucket.at(-1)));
    assert.deepEqual(
      levels,
      [...levels].sort((a, b) => a - b),
    );
    assert.equal(new Set(levels).size, LEVELS);
  });

  it('leaves noise, nothing and nonsense unpainted', () => {
    for (const value of [0, -0, FLOOR / 2, -FLOOR / 2, Number.NaN]) {
      assert.equal(bucketOf(prompt(value), wanted()), null, String(value));
    }
  });

  it('paints the template grey whatever its value', () => {
    for (const value of [0, 1, -1]) {
      assert.equal(bucketOf({ value, role: 'template' }, wanted()), 'template');
    }
  });

  it('follows the intensity and never leaves the scale', () => {
    assert.equal(bucketOf(prompt(0.01), wanted()), null);
    assert.equal(bucketOf(prompt(0.01), wanted(4)), 'positive1');
    assert.equal(bucketOf(prompt(-0.9), wanted(4)), 'negative4');
    assert.equal(bucketOf(prompt(0.03), wanted(0.25)), null);
  });
});

describe('parts that are switched off', () => {
  const one = { ...wanted(), template: false };

  it('stay unpainted and leave the others as they are', () => {
    assert.equal(bucketOf({ value: 0, role: 'template' }, one), null);
    assert.equal(bucketOf(prompt(1), { ...one, positive: false }), null);
    assert.equal(bucketOf(prompt(-1), { ...one, positive: false }), 'negative4');
    assert.equal(bucketOf(prompt(-1), { ...one, negative: false }), null);
    assert.equal(bucketOf(prompt(1), { ...one, negative: false }), 'positive4');
  });
});

describe('sortIntoBuckets', () => {
  it('has a list for every bucket, so that old paint goes away', () => {
    const sorted = sortIntoBuckets([], wanted());
    assert.deepEqual([...sorted.keys()], [...BUCKETS]);
    assert.ok([...sorted.values()].every((spans) => spans.length === 0));
  });

  it('keeps every visible span once, in order', () => {
    const spans = [0.9, -0.3, 0, 0.8, -0.001, 1].map((value, id) => ({ ...prompt(value), id }));
    const sorted = sortIntoBuckets(spans, wanted());
    assert.deepEqual(
      sorted.get('positive4')?.map(({ id }) => id),
      [0, 3, 5],
    );
    assert.deepEqual(
      sorted.get('negative3')?.map(({ id }) => id),
      [1],
    );
    assert.equal([...sorted.values()].flat().length, 4);
  });
});

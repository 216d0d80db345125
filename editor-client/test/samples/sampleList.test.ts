import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Outcome } from '../../src/outcomes/outcomes';
import { describeCounts } from '../../src/samples/labels';
import {
  countByOutcome,
  filtered,
  grouped,
  isFiltering,
  NO_FILTER,
  pendingSamples,
  sorted,
  whyNothingPending,
} from '../../src/samples/sampleList';
import { proved, sample } from '../fixtures/samples';

const A = sample('HumanEval/10');
const B = sample('HumanEval/9');
const C = sample('HumanEval/9', 1);
const D = sample('Mbpp/2');
const OUTCOMES = new Map<string, Outcome>([
  [A.uri, { kind: 'pass' }],
  [B.uri, proved(1)],
  [C.uri, { kind: 'fail' }],
  [D.uri, proved(3)],
]);
const of = (uri: string): Outcome => OUTCOMES.get(uri) ?? { kind: 'unknown' };

describe('sorted', () => {
  it('puts tasks into their natural order', () => {
    assert.deepEqual(sorted([D, A, C, B], 'task', of), [B, C, A, D]);
  });

  it('puts what is worth a look first', () => {
    assert.deepEqual(sorted([A, C, D, B], 'outcome', of), [B, D, C, A]);
    assert.deepEqual(sorted([A, C, B, D], 'logitDiff', of), [D, B, C, A]);
  });
});

describe('filtered', () => {
  it('goes by outcome and by task', () => {
    const all = [A, B, C, D];
    assert.deepEqual(filtered(all, NO_FILTER, of), all);
    assert.deepEqual(filtered(all, { kinds: ['fail', 'pass'], text: '' }, of), [A, C]);
    assert.deepEqual(filtered(all, { kinds: [], text: ' mbpp ' }, of), [D]);
    assert.deepEqual(filtered(all, { kinds: ['pass'], text: 'mbpp' }, of), []);
    assert.ok(!isFiltering(NO_FILTER) && isFiltering({ kinds: ['fail'], text: '' }));
  });
});

describe('grouped and counted', () => {
  it('keeps folders apart', () => {
    const other = sample('HumanEval/9', 0, { group: 'v' });
    assert.deepEqual(
      [...grouped([A, other, B])],
      [
        ['w', [A, B]],
        ['v', [other]],
      ],
    );
  });

  it('spells what there is', () => {
    assert.equal(
      describeCounts(countByOutcome([A, B, C, D, sample('Mbpp/3')], of)),
      '2 proved, 1 fail, 1 pass, 1 open',
    );
    assert.equal(describeCounts(countByOutcome([], of)), '');
  });
});

describe('pendingSamples', () => {
  it('is what is not known yet, or everything where all is', () => {
    const open = sample('Mbpp/3');
    assert.deepEqual(pendingSamples([A, open, B], of), [open]);
    assert.deepEqual(pendingSamples([A, B], of), [B, A]);
  });

  it('leaves completions to whoever opens them, and says so', () => {
    const completions = [sample('Mbpp/3', 0, { lacksPrompt: true })];
    assert.deepEqual(pendingSamples(completions, of), []);
    assert.match(whyNothingPending(completions), /one by one/);
    assert.match(whyNothingPending([]), /no sample/);
  });
});

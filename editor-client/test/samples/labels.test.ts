import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OUTCOME_KINDS } from '../../src/outcomes/outcomes';
import {
  describeSample as described,
  OUTCOME_ICONS,
  outcomeSentence,
} from '../../src/samples/labels';
import { proved, sample } from '../fixtures/samples';

const A = sample('HumanEval/10');
const B = sample('HumanEval/9');

describe('labels', () => {
  it('tell the outcome in words', () => {
    assert.equal(described(B, proved(1.239)), '0 · Δℓ 1.24');
    assert.equal(described(B, proved(-0.4, true)), '0 · Δℓ −0.40 (weak)');
    assert.equal(described(A, { kind: 'unknown' }), '0');
    assert.equal(described(A, { kind: 'pass' }), '0 · passes');
    assert.match(outcomeSentence(B, proved(1)), /wrote ␣<; with ⏎ the tests pass \(Δℓ 1\.00\)/);
    assert.match(
      outcomeSentence(A, { kind: 'error', message: 'no model' }),
      /explained: no model$/,
    );
  });

  it('have a shape of its own for every outcome', () => {
    assert.equal(
      new Set(OUTCOME_KINDS.map((kind) => OUTCOME_ICONS[kind].id)).size,
      OUTCOME_KINDS.length,
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sampleStateOf } from '../../src/panel/sampleState';
import { details, RUNNING } from '../fixtures/panel';

describe('sampleStateOf', () => {
  it('says how far the explanation is', () => {
    assert.equal(sampleStateOf(null).state, 'unexplained');
    assert.equal(sampleStateOf(details(RUNNING)).state, 'computing');
    assert.equal(sampleStateOf(details({ ...RUNNING, running: false })).state, 'unexplained');
    assert.equal(sampleStateOf(details()).state, 'ready');
    const without = { pair: null, attribution: null };
    assert.equal(sampleStateOf(details(without)).state, 'unproved');
    const verdict = { passed: true, words: 'Passes its tests.' };
    assert.deepEqual(sampleStateOf(details({ ...without, verdict })), {
      state: 'passes',
      message: 'Passes its tests.',
    });
  });
});

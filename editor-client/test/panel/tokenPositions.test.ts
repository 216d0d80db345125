import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tokenAt } from '../../src/panel/tokenPositions';
import { details } from '../fixtures/panel';

describe('tokenAt', () => {
  const { tokens } = details();

  it('finds the token that holds a position, over line ends', () => {
    assert.equal(tokenAt(tokens, 'code', { line: 0, character: 0 }), 0);
    assert.equal(tokenAt(tokens, 'code', { line: 0, character: 4 }), 1);
    assert.equal(tokenAt(tokens, 'code', { line: 1, character: 1 }), 1);
  });

  it('finds none behind the last, and keeps documents apart', () => {
    assert.equal(tokenAt(tokens, 'code', { line: 1, character: 2 }), -1);
    assert.equal(tokenAt(tokens, 'prompt', { line: 0, character: 2 }), 2);
    assert.equal(tokenAt(tokens, 'prompt', { line: 0, character: 4 }), -1);
  });
});

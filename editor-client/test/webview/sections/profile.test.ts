import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { groups, ofToken, strongest } from '../../../webview/sections/profile';
import { details } from '../../fixtures/panel';

describe('profile', () => {
  const { tokens, profile } = details();

  it('adds up to the whole at every layer', () => {
    const sums = groups(tokens, profile);
    assert.deepEqual(
      sums.map(({ values }) => values),
      [
        [-1, 0],
        [0.5, 2.5],
        [3, 0],
      ],
    );
  });

  it('is of one token where one is chosen', () => {
    assert.deepEqual(
      tokens.map((token) => ofToken(token, profile).values),
      [
        [3, 0],
        [-1, 0],
        [0.5, 2.5],
      ],
    );
  });

  it('ranks what has a say', () => {
    assert.deepEqual(
      strongest(tokens, 5).map(({ index }) => index),
      [1, 2],
    );
    assert.deepEqual(
      strongest(tokens, 1).map(({ index }) => index),
      [1],
    );
  });
});

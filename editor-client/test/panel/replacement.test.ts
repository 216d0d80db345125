import assert from 'node:assert/strict';
import { it } from 'node:test';
import { smallestReplacement } from '../../src/panel/replacement';

it('finds the smallest replacement', () => {
  assert.deepEqual(smallestReplacement('a <= b', 'a < b'), { start: 3, end: 4, text: '' });
  assert.deepEqual(smallestReplacement('', 'x'), { start: 0, end: 0, text: 'x' });
  assert.deepEqual(smallestReplacement('aa', 'aaa'), { start: 2, end: 2, text: 'a' });
  assert.deepEqual(smallestReplacement('😀', '😀'), { start: 2, end: 2, text: '' });
});

it('splits no surrogate pair', () => {
  // 😀 D83D DE00 · 😁 D83D DE01 · 🨀 D83E DE00
  assert.deepEqual(smallestReplacement('a😀b', 'a😁b'), { start: 1, end: 3, text: '😁' });
  assert.deepEqual(smallestReplacement('a😀b', 'a🨀b'), { start: 1, end: 3, text: '🨀' });
  assert.deepEqual(smallestReplacement('😀b', '😀😁b'), { start: 2, end: 2, text: '😁' });
  assert.deepEqual(smallestReplacement('😀', '😀😀'), { start: 2, end: 2, text: '😀' });
});

it('is the smallest replacement, whatever repeats', () => {
  for (const [old, text] of [
    ['aXa', 'aYYa'],
    ['aa', 'aaa'],
    ['', 'x'],
    ['same', 'same'],
    ['aaa', 'a'],
  ]) {
    const found = smallestReplacement(old ?? '', text ?? '');
    assert.equal(
      (old ?? '').slice(0, found.start) + found.text + (old ?? '').slice(found.end),
      text,
    );
    assert.ok(found.start <= found.end);
  }
  assert.deepEqual(smallestReplacement('x <= y', 'x < y'), { start: 3, end: 4, text: '' });
});

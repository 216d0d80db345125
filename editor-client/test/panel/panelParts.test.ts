import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { difference } from '../../src/panel/difference';
import { panelHtml, policy } from '../../src/panel/panelHtml';
import { RecentAnswers } from '../../src/panel/recentAnswers';
import { SECTIONS } from '../../src/protocol/panelMessages';
import { tokenAt } from '../../src/panel/tokenPositions';
import { groups, ofToken, strongest } from '../../webview/profile';
import { details } from '../fixtures/panel';

const RESOURCES = {
  source: 'https://x',
  script: 'https://x/panel.js',
  style: 'https://x/panel.css',
  nonce: 'abc',
};

describe('panelHtml', () => {
  const html = panelHtml(RESOURCES);

  it('runs nothing but its own script', () => {
    assert.match(
      policy(RESOURCES),
      /^default-src 'none'; style-src https:\/\/x; script-src 'nonce-abc';/,
    );
    assert.equal([...html.matchAll(/<script/g)].length, 1);
    assert.match(html, /<script nonce="abc" src="https:\/\/x\/panel.js"><\/script>/);
    assert.doesNotMatch(html, / on\w+=| style=|javascript:/);
    assert.doesNotMatch(policy(RESOURCES), /unsafe|\*/);
  });

  it('loads nothing from elsewhere', () => {
    const links = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link ?? '');
    assert.deepEqual(
      links.filter((link) => !link.startsWith('https://x/')),
      [],
    );
  });

  it('ties every tab to its panel', () => {
    for (const section of SECTIONS) {
      assert.ok(html.includes(`role="tab" id="tab-${section}" aria-controls="section-${section}"`));
      assert.ok(
        html.includes(`role="tabpanel" id="section-${section}" aria-labelledby="tab-${section}"`),
      );
    }
  });

  it('is packaged with its script and style', () => {
    const packaged = readFileSync('.vscodeignore', 'utf8').split('\n');
    for (const name of ['panel.js', 'panel.css'])
      assert.ok(packaged.includes(`!out/${name}`), name);
  });

  it('offers the states between attention and MLP', () => {
    assert.match(
      html,
      /<label id="detail"[^>]* hidden><input id="midpoints" type="checkbox">\s+\w+/,
    );
  });

  it('has each id once', () => {
    const ids = [...html.matchAll(/\bid="([^"]*)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length);
  });
});

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

describe('difference', () => {
  it('is the smallest replacement, whatever repeats', () => {
    for (const [old, text] of [
      ['aXa', 'aYYa'],
      ['aa', 'aaa'],
      ['', 'x'],
      ['same', 'same'],
      ['aaa', 'a'],
    ]) {
      const found = difference(old ?? '', text ?? '');
      assert.equal(
        (old ?? '').slice(0, found.start) + found.text + (old ?? '').slice(found.end),
        text,
      );
      assert.ok(found.start <= found.end);
    }
    assert.deepEqual(difference('x <= y', 'x < y'), { start: 3, end: 4, text: '' });
  });
});

describe('Kept', () => {
  it('forgets the one that was not asked for the longest time', () => {
    const kept = new RecentAnswers<object>(2);
    const make = (): object => ({});
    const first = kept.get('a', '1', make);
    kept.get('b', '1', make);
    assert.equal(kept.get('a', '1', make), first);
    kept.get('c', '1', make);
    assert.equal(kept.get('a', '1', make), first);
    assert.notEqual(kept.get('a', '2', make), first);
    kept.forget('a');
    assert.notEqual(kept.get('a', '1', make), first);
  });
});

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

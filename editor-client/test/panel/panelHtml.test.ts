import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { contentSecurityPolicy, panelHtml } from '../../src/panel/panelHtml';
import { SECTIONS } from '../../src/protocol/webviewMessages';

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
      contentSecurityPolicy(RESOURCES),
      /^default-src 'none'; style-src https:\/\/x; script-src 'nonce-abc';/,
    );
    assert.equal([...html.matchAll(/<script/g)].length, 1);
    assert.match(html, /<script nonce="abc" src="https:\/\/x\/panel.js"><\/script>/);
    assert.doesNotMatch(html, / on\w+=| style=|javascript:/);
    assert.doesNotMatch(contentSecurityPolicy(RESOURCES), /unsafe|\*/);
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

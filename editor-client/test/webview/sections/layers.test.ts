import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { followCursor, showLayers } from '../../../webview/sections/layers';
import { details } from '../../fixtures/panel';
import type { FakeElement } from '../elements';
import { rendered } from '../render';

const titles = (section: FakeElement): string[] => section.all('th').map(({ text }) => text);

describe('Layers', () => {
  it('are those of all tokens where another pair has fewer', () => {
    assert.ok(followCursor(2));
    assert.deepEqual(titles(rendered(showLayers)), ['after', 'x']);
    const tokens = details().tokens.slice(0, 2);
    const fewer = rendered(showLayers, { tokens });
    assert.deepEqual(titles(fewer), ['after', 'the prompt', 'template and first token']);
    const [select] = fewer.all('select') as (FakeElement & { value?: string })[];
    assert.equal(select?.value, '-1');
  });
});

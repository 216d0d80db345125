import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Details } from '../../src/protocol/panelMessages';
import { followCursor, showLayers } from '../../webview/layers';
import { showRepair } from '../../webview/repair';
import { details } from '../fixtures/panel';
import { FakeElement } from './elements';

type Show = (content: HTMLElement, details: Details) => void;

/** What a section of the panel shows. */
function shown(show: Show, changes: Partial<Details> = {}): FakeElement {
  const content = new FakeElement('div');
  show(content as unknown as HTMLElement, details(changes));
  return content;
}

const titles = (section: FakeElement): string[] => section.all('th').map(({ text }) => text);

describe('Repair', () => {
  const { repair } = details();
  assert.ok(repair);

  it('offers what can be done with a file', () => {
    const section = shown(showRepair);
    assert.deepEqual(
      section.all('button').map(({ text }) => text),
      ['Open in the diff editor', 'Apply the repair'],
    );
    assert.doesNotMatch(section.text, /read-only/);
  });

  it('does not offer to change a line of a samples file, and says what to do', () => {
    const section = shown(showRepair, { repair: { ...repair, editable: false } });
    assert.deepEqual(
      section.all('button').map(({ text }) => text),
      ['Open in the diff editor'],
    );
    assert.match(section.text, /read-only: Open as a sample/);
  });
});

describe('Layers', () => {
  it('are those of all tokens where another pair has fewer', () => {
    assert.ok(followCursor(2));
    assert.deepEqual(titles(shown(showLayers)), ['after', 'x']);
    const tokens = details().tokens.slice(0, 2);
    const fewer = shown(showLayers, { tokens });
    assert.deepEqual(titles(fewer), ['after', 'the prompt', 'template and first token']);
    const [select] = fewer.all('select') as (FakeElement & { value?: string })[];
    assert.equal(select?.value, '-1');
  });
});

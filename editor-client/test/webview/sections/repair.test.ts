import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showRepair } from '../../../webview/sections/repair';
import { details } from '../../fixtures/panel';
import { rendered } from '../render';

describe('Repair', () => {
  const { repair } = details();
  assert.ok(repair);

  it('offers what can be done with a file', () => {
    const section = rendered(showRepair);
    assert.deepEqual(
      section.all('button').map(({ text }) => text),
      ['Open in the diff editor', 'Apply the repair'],
    );
    assert.doesNotMatch(section.text, /read-only/);
  });

  it('does not offer to change a sample of a sample file, and says what to do', () => {
    const section = rendered(showRepair, { repair: { ...repair, editable: false } });
    assert.deepEqual(
      section.all('button').map(({ text }) => text),
      ['Open in the diff editor'],
    );
    assert.match(section.text, /read-only: Open as a sample/);
  });
});

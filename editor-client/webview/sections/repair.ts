/** The section "Repair": the program that passes the tests, as a difference to the sample. */

import type { Details } from '../../src/protocol/serverMessages';
import { button, make, sentence } from '../page/dom';
import { send } from '../page/host';

const run = (action: 'diff' | 'apply'): void => {
  send({ type: 'run', action });
};

/** The signs at the start of the lines say what the colours say. */
function line(text: string): HTMLElement {
  if (text.startsWith('+')) return make('ins', {}, `${text}\n`);
  if (text.startsWith('-')) return make('del', {}, `${text}\n`);
  return make('span', { className: text.startsWith('@') ? 'quiet' : '' }, `${text}\n`);
}

const READ_ONLY =
  'This document is read-only: `Open as a sample`, above its line in the sample file, makes a ' +
  'file of it, where the repair can be applied.';

export function showRepair(content: HTMLElement, details: Details | null): void {
  const repair = details?.repair;
  if (!repair) {
    const reason = details?.pair
      ? 'This pair was chosen by hand: no repair is proved for it.'
      : 'Once a repair is proved, it is shown here.';
    content.replaceChildren(sentence(reason));
    return;
  }
  const diff = button(
    'Open in the diff editor',
    () => {
      run('diff');
    },
    true,
  );
  const apply = button('Apply the repair', () => {
    run('apply');
  });
  content.replaceChildren(
    sentence(details.pair?.words ?? ''),
    make('p', { className: 'buttons' }, diff, repair.editable ? apply : ''),
    repair.editable ? '' : sentence(READ_ONLY),
    make(
      'pre',
      { className: 'diff', tabIndex: 0, ariaLabel: 'Difference', role: 'region' },
      ...repair.diff.split('\n').slice(2).map(line),
    ),
  );
}

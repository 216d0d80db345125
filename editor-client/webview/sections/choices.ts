/** The section "Choices": what else the model could have written, and the pairs that were proved. */

import type { Choice, Details, PairDetails } from '../../src/protocol/serverMessages';
import {
  button,
  type Cell,
  gauge,
  make,
  number,
  percent,
  sentence,
  table,
  token,
} from '../page/dom';
import { send } from '../page/host';

function remark(details: Details, position: number, choice: Choice): Cell {
  if (choice.written) return 'written';
  const { pair } = details;
  if (pair?.position === position && pair.contrast.id === choice.id) return 'explained against';
  return button('Explain against this', () => {
    send({ type: 'attribute', position, contrast: choice.id });
  });
}

function choicesTable(details: Details, position: number, listed: readonly Choice[]): HTMLElement {
  const rows = listed.map((choice, rank) => [
    `${rank + 1}`,
    token(choice.text),
    make('span', { className: 'measure' }, gauge(choice.probability), percent(choice.probability)),
    remark(details, position, choice),
  ]);
  const caption = `The likeliest tokens at token ${position}`;
  return table(caption, ['rank', 'token', 'probability', ''], rows);
}

function samePair(a: PairDetails, b: PairDetails | null): boolean {
  return a.position === b?.position && a.contrast.id === b.contrast.id;
}

function provedTable({ pairs, pair: shown }: Details): HTMLElement {
  const rows = pairs.map((pair) => {
    const { position, contrast } = pair;
    const explain = button('Explain', () => {
      send({ type: 'attribute', position, contrast: contrast.id });
    });
    return [
      `${position}`,
      make('span', {}, token(pair.target.text), ' → ', token(contrast.text)),
      number(pair.logitDiff),
      pair.origin,
      samePair(pair, shown) ? 'shown' : explain,
    ];
  });
  return table('Pairs that the tests have proved', ['token', 'change', 'Δℓ', 'proof', ''], rows);
}

/** `cursor` is the token of the text that the cursor is on; −1: that of the pair is shown. */
export function showChoices(content: HTMLElement, details: Details | null, cursor: number): void {
  const { choices, pair } = details ?? {};
  if (!details || !choices) {
    content.replaceChildren(sentence('Once the sample has been read, its choices are shown here.'));
    return;
  }
  const position = choices.positions[cursor - choices.promptLength]
    ? cursor
    : (pair?.position ?? -1);
  const listed = choices.positions[position - choices.promptLength];
  const hint = 'Put the cursor on another token that the model wrote to see its choices there.';
  content.replaceChildren(
    ...(pair ? [sentence(pair.words)] : []),
    listed ? choicesTable(details, position, listed) : '',
    sentence(hint),
    details.pairs.length > 0 ? provedTable(details) : '',
  );
}

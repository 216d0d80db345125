/** The section "Faithfulness": what interventions say about the map, in words first. */

import type { Details, FaithfulnessDetails, Figure } from '../../src/protocol/serverMessages';
import { button, make, number, percent, sentence, table } from '../page/dom';
import { send } from '../page/host';

const PERTURBATIONS: Record<string, string> = {
  mask: 'no head sees the token',
  substitute: 'a space stands in its place',
};

const figure = ([value, low, high]: Figure, show: (value: number) => string): string =>
  low === high ? show(value) : `${show(value)} (${show(low)} … ${show(high)})`;

const correlation = (value: number): string => value.toFixed(2).replace('-', '−');

function agreementsTable({ agreements }: FaithfulnessDetails): HTMLElement {
  return table(
    'Relevance against what taking tokens away does (95 % interval)',
    ['taken away', 'rank correlation', 'five strongest in common', 'tokens measured'],
    agreements.map(({ perturbation, spearman, topOverlap, measured, of }) => [
      PERTURBATIONS[perturbation] ?? perturbation,
      figure(spearman, correlation),
      figure(topOverlap, percent),
      `${measured} of ${of}`,
    ]),
  );
}

function linesTable({ lines }: FaithfulnessDetails): HTMLElement {
  return table(
    'Lines whose absence moves Δℓ most',
    ['line', 'what taking it away does', 'relevance of its tokens'],
    lines.map(({ text, effect, relevance }) => [
      make('code', {}, text.trim()),
      number(effect),
      number(relevance),
    ]),
  );
}

const MEANING =
  'The map says which tokens the decision rests on. Whether that is so is tested by taking tokens ' +
  'away: a faithful map predicts what happens to Δℓ then.';

export function showFaithfulness(
  content: HTMLElement,
  details: Details | null,
  busy: boolean,
): void {
  const check = (text: string): HTMLButtonElement => {
    const checkButton = button(
      text,
      () => {
        send({ type: 'run', action: 'check' });
      },
      true,
    );
    checkButton.disabled = busy || !details?.attribution;
    return checkButton;
  };
  if (!details?.faithfulness) {
    content.replaceChildren(sentence(MEANING), check('Check this map (about half a minute)'));
    return;
  }
  const { faithfulness } = details;
  const lines = faithfulness.lines.length > 0 ? [linesTable(faithfulness)] : [];
  content.replaceChildren(
    make('p', { className: 'verdict' }, ...sentence(faithfulness.words).childNodes),
    sentence(MEANING),
    agreementsTable(faithfulness),
    ...lines,
  );
}

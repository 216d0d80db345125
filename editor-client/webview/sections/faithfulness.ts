/** The section "Trust": what interventions say about the map, in words first. */

import type { Details, Figure, Trust } from '../../src/protocol/serverMessages';
import { button, make, number, percent, sentence, table } from '../page/dom';
import { send } from '../page/host';

const PERTURBATIONS: Record<string, string> = {
  mask: 'no head sees the token',
  substitute: 'a space stands in its place',
};

const figure = ([value, low, high]: Figure, show: (value: number) => string): string =>
  low === high ? show(value) : `${show(value)} (${show(low)} … ${show(high)})`;

const rank = (value: number): string => value.toFixed(2).replace('-', '−');

function agreements({ agreements: found }: Trust): HTMLElement {
  return table(
    'Relevance against what taking tokens away does (95 % interval)',
    ['taken away', 'rank correlation', 'five strongest in common', 'tokens measured'],
    found.map((one) => [
      PERTURBATIONS[one.perturbation] ?? one.perturbation,
      figure(one.spearman, rank),
      figure(one.topOverlap, percent),
      `${one.measured} of ${one.of}`,
    ]),
  );
}

function lines({ lines: found }: Trust): HTMLElement {
  return table(
    'Lines whose absence moves Δℓ most',
    ['line', 'what taking it away does', 'relevance of its tokens'],
    found.map(({ text, effect, relevance }) => [
      make('code', {}, text.trim()),
      number(effect),
      number(relevance),
    ]),
  );
}

const MEANING =
  'The map says which tokens the decision rests on. Whether that is so is tested by taking tokens ' +
  'away: a map that can be trusted predicts what happens to Δℓ then.';

export function showFaithfulness(
  content: HTMLElement,
  details: Details | null,
  busy: boolean,
): void {
  const check = (text: string): HTMLButtonElement => {
    const made = button(
      text,
      () => {
        send({ type: 'run', action: 'check' });
      },
      true,
    );
    made.disabled = busy || !details?.attribution;
    return made;
  };
  if (!details?.trust) {
    content.replaceChildren(sentence(MEANING), check('Check this map (about half a minute)'));
    return;
  }
  const { trust } = details;
  const measured = trust.lines.length > 0 ? [lines(trust)] : [];
  content.replaceChildren(
    make('p', { className: 'verdict' }, ...sentence(trust.words).childNodes),
    sentence(MEANING),
    agreements(trust),
    ...measured,
  );
}

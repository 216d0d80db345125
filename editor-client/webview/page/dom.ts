/** Small pieces of page that several sections need. Texts of samples only ever become text. */

import { percent, signed, visible } from '../../graph/model/text';
import { byId, make } from '../../graph/page/elements';

export { byId, make, percent, signed, visible };

export function find(selector: string): HTMLElement {
  const element = document.querySelector<HTMLElement>(selector);
  if (!element) throw new Error(`no element ${selector}`);
  return element;
}

export function button(text: string, act: () => void, primary = false): HTMLButtonElement {
  const made = make('button', { type: 'button', className: primary ? 'primary' : '' }, text);
  made.addEventListener('click', act);
  return made;
}

export const code = (text: string): HTMLElement => make('code', {}, text);

/** A token, with its white space made visible. */
export const token = (text: string): HTMLElement => code(visible(text));

/** The server's Markdown is sentences with code spans; whatever else it holds stays text. */
export function sentence(text: string): HTMLElement {
  const parts = text.split(/(`+)(.+?)\1(?!`)/s);
  const shown = parts.map((part, index) => {
    if (index % 3 === 1) return ''; // the backticks around a span
    return index % 3 === 2 ? code(part.trim()) : part;
  });
  return make('p', {}, ...shown);
}

export type Cell = Node | string;

/** A table whose first row are titles, and whose caption says what it is. */
export function table(
  caption: string,
  titles: readonly string[],
  rows: readonly Cell[][],
): HTMLElement {
  const head = titles.map((text) => make('th', { scope: 'col' }, text));
  const body = rows.map((row) => make('tr', {}, ...row.map((each) => make('td', {}, each))));
  return make(
    'table',
    {},
    make('caption', {}, caption),
    make('thead', {}, make('tr', {}, ...head)),
    make('tbody', {}, ...body),
  );
}

/** A number whose sign shows in its text, its colour and its place. */
export function number(value: number): HTMLElement {
  const className = `number ${value < 0 ? 'minus' : 'plus'}`;
  return make('span', { className }, signed(value));
}

/** A bar of a share from −1 to 1, drawn from the middle; the number stands beside it. */
export function bar(share: number): HTMLElement {
  return filled(share < 0 ? 'minus' : 'plus', Math.min(1, Math.abs(share)) / 2);
}

/** A bar of a probability, drawn from the left; the number stands beside it. */
export function gauge(probability: number): HTMLElement {
  return filled('whole', probability);
}

function filled(kind: string, width: number): HTMLElement {
  const fill = make('span', { className: `fill ${kind}` });
  fill.style.width = `${width * 100}%`;
  return make('span', { className: 'bar', ariaHidden: 'true' }, fill);
}

/** How samples and outcomes are spelled and drawn in lists. */

import type { Kind, Outcome } from '../outcomes/outcomes';
import type { Sample } from './samples';

/** An icon of VS Code's own set, and a theme colour. The shape alone tells the outcome. */
export interface Icon {
  id: string;
  color?: string;
}

export const ICONS: Record<Kind, Icon> = {
  unknown: { id: 'circle-outline' },
  running: { id: 'loading~spin' },
  pass: { id: 'pass', color: 'testing.iconPassed' },
  fail: { id: 'error', color: 'testing.iconFailed' },
  proved: { id: 'flame', color: 'tokenblame.positiveMark' },
  error: { id: 'warning', color: 'testing.iconErrored' },
};

export const NAMES: Record<Kind, string> = {
  unknown: 'not explained',
  running: 'computing',
  pass: 'passes',
  fail: 'fails, no repair proved',
  proved: 'fails, repair proved',
  error: 'could not be explained',
};

/** Short forms for a line of counts. */
const COUNTED: Record<Kind, string> = {
  unknown: 'open',
  running: 'computing',
  pass: 'pass',
  fail: 'fail',
  proved: 'proved',
  error: 'errors',
};

/** `1.24`, `−0.41`, as everywhere in the tool. */
const number = (value: number): string => value.toFixed(2).replace('-', '−');

const SHOWN: Record<string, string> = { ' ': '␣', '\n': '⏎', '\r': '␍', '\t': '⇥' };

/** Token text with white space made visible. */
export const visible = (text: string): string =>
  text.replace(/[ \n\r\t]/g, (character) => SHOWN[character] ?? character);

const LACKS_PROMPT = 'completion without its prompt';

/** What stands behind a sample's task id: `0 · Δℓ 1.24`. */
export function describe(sample: Sample, outcome: Outcome): string {
  const parts = [sample.name];
  if (outcome.kind === 'proved') {
    parts.push(`Δℓ ${number(outcome.logitDiff)}${outcome.weak ? ' (weak)' : ''}`);
  } else if (outcome.kind !== 'unknown') parts.push(NAMES[outcome.kind]);
  if (sample.lacksPrompt) parts.push(LACKS_PROMPT);
  return parts.join(' · ');
}

/** The outcome as a sentence, for tooltips and screen readers. */
export function sentence(sample: Sample, outcome: Outcome): string {
  const who = `${sample.taskId} (${sample.name})`;
  if (sample.lacksPrompt) return `${who}: ${LACKS_PROMPT}.`;
  if (outcome.kind === 'error') return `${who} could not be explained: ${outcome.message}`;
  if (outcome.kind !== 'proved') return `${who}: ${NAMES[outcome.kind]}.`;
  const { target, contrast, logitDiff } = outcome;
  const wrote = `the model wrote ${visible(target)}; with ${visible(contrast)} the tests pass`;
  return `${who}: ${wrote} (Δℓ ${number(logitDiff)}${outcome.weak ? ', weak' : ''}).`;
}

/** `3 proved, 1 fail, 10 open`. */
export function counts(found: ReadonlyMap<Kind, number>): string {
  return [...found].map(([kind, count]) => `${count} ${COUNTED[kind]}`).join(', ');
}

/** How samples and outcomes are spelled and drawn in lists. */

import type { Outcome, OutcomeKind } from '../outcomes/outcomes';
import type { Sample } from './sampleFormats';

/** An icon of VS Code's own set, and a theme colour. The shape alone tells the outcome. */
export interface Icon {
  id: string;
  color?: string;
}

export const OUTCOME_ICONS: Record<OutcomeKind, Icon> = {
  unknown: { id: 'circle-outline' },
  running: { id: 'loading~spin' },
  pass: { id: 'pass', color: 'testing.iconPassed' },
  fail: { id: 'error', color: 'testing.iconFailed' },
  proved: { id: 'flame', color: 'tokenblame.positiveMark' },
  error: { id: 'warning', color: 'testing.iconErrored' },
};

export const OUTCOME_NAMES: Record<OutcomeKind, string> = {
  unknown: 'not explained',
  running: 'computing',
  pass: 'passes',
  fail: 'fails, no repair proved',
  proved: 'fails, repair proved',
  error: 'could not be explained',
};

/** Short forms for a line of counts. */
const SHORT_NAMES: Record<OutcomeKind, string> = {
  unknown: 'open',
  running: 'computing',
  pass: 'pass',
  fail: 'fail',
  proved: 'proved',
  error: 'errors',
};

/** `1.24`, `−0.41`, as everywhere in the tool. */
const formatLogits = (value: number): string => value.toFixed(2).replace('-', '−');

const VISIBLE_SPACE: Record<string, string> = { ' ': '␣', '\n': '⏎', '\r': '␍', '\t': '⇥' };

/** Token text with white space made visible. */
export const visible = (text: string): string =>
  text.replace(/[ \n\r\t]/g, (character) => VISIBLE_SPACE[character] ?? character);

const LACKS_PROMPT = 'completion without its prompt';

/** What stands behind a sample's task id: `0 · Δℓ 1.24`. */
export function describeSample(sample: Sample, outcome: Outcome): string {
  const parts = [sample.name];
  if (outcome.kind === 'proved') {
    parts.push(`Δℓ ${formatLogits(outcome.logitDiff)}${outcome.weak ? ' (weak)' : ''}`);
  } else if (outcome.kind !== 'unknown') parts.push(OUTCOME_NAMES[outcome.kind]);
  if (sample.lacksPrompt) parts.push(LACKS_PROMPT);
  return parts.join(' · ');
}

/** The outcome as a sentence, for tooltips and screen readers. */
export function outcomeSentence(sample: Sample, outcome: Outcome): string {
  const name = `${sample.taskId} (${sample.name})`;
  if (sample.lacksPrompt) return `${name}: ${LACKS_PROMPT}.`;
  if (outcome.kind === 'error') return `${name} could not be explained: ${outcome.message}`;
  if (outcome.kind !== 'proved') return `${name}: ${OUTCOME_NAMES[outcome.kind]}.`;
  const { target, contrast, logitDiff } = outcome;
  const wrote = `the model wrote ${visible(target)}; with ${visible(contrast)} the tests pass`;
  return `${name}: ${wrote} (Δℓ ${formatLogits(logitDiff)}${outcome.weak ? ', weak' : ''}).`;
}

/** `3 proved, 1 fail, 10 open`. */
export function describeCounts(counts: ReadonlyMap<OutcomeKind, number>): string {
  return [...counts].map(([kind, count]) => `${count} ${SHORT_NAMES[kind]}`).join(', ');
}

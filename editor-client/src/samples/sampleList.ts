/** The samples as a list to look at: grouped, filtered, sorted, counted. */

import { type Outcome, OUTCOME_KINDS, type OutcomeKind } from '../outcomes/outcomes';
import type { Sample } from './sampleFormats';

export type Order = 'task' | 'outcome' | 'logitDiff';

export const ORDERS: readonly Order[] = ['task', 'outcome', 'logitDiff'];

export interface Filter {
  /** Kinds to show; empty: all. */
  kinds: readonly OutcomeKind[];
  /** Part of the task id; empty: all. */
  text: string;
}

export const NO_FILTER: Filter = { kinds: [], text: '' };

export type OutcomeLookup = (uri: string) => Outcome;

export const isFiltering = ({ kinds, text }: Filter): boolean => kinds.length > 0 || text !== '';

/** The samples of each folder or file, in the order in which they were found. */
export function grouped(samples: readonly Sample[]): Map<string, Sample[]> {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const group = groups.get(sample.group);
    if (group) group.push(sample);
    else groups.set(sample.group, [sample]);
  }
  return groups;
}

export function filtered(
  samples: readonly Sample[],
  filter: Filter,
  outcomeOf: OutcomeLookup,
): Sample[] {
  const text = filter.text.trim().toLowerCase();
  return samples.filter(
    (sample) =>
      (filter.kinds.length === 0 || filter.kinds.includes(outcomeOf(sample.uri).kind)) &&
      sample.taskId.toLowerCase().includes(text),
  );
}

/** `HumanEval/9` comes before `HumanEval/10`. */
function byTask(a: Sample, b: Sample): number {
  const [x, y] = [a.taskId.split('/'), b.taskId.split('/')];
  return (
    (x[0] ?? '').localeCompare(y[0] ?? '') ||
    Number(x[1]) - Number(y[1]) ||
    a.number - b.number ||
    a.name.localeCompare(b.name)
  );
}

/** What no pair was proved for comes after all that have one. */
function logitDiff(outcome: Outcome): number {
  return outcome.kind === 'proved' ? outcome.logitDiff : -Infinity;
}

export function sorted(
  samples: readonly Sample[],
  order: Order,
  outcomeOf: OutcomeLookup,
): Sample[] {
  const rank = (sample: Sample): number => {
    const outcome = outcomeOf(sample.uri);
    if (order === 'outcome') return OUTCOME_KINDS.indexOf(outcome.kind);
    return order === 'logitDiff' ? -logitDiff(outcome) : 0;
  };
  return samples
    .map((sample) => ({ sample, rank: rank(sample) }))
    .sort((a, b) => (a.rank === b.rank ? byTask(a.sample, b.sample) : a.rank - b.rank))
    .map(({ sample }) => sample);
}

/** How many there are of each kind; kinds without any are left out. */
export function countByOutcome(
  samples: readonly Sample[],
  outcomeOf: OutcomeLookup,
): Map<OutcomeKind, number> {
  const counts = new Map<OutcomeKind, number>();
  for (const kind of OUTCOME_KINDS) {
    const count = samples.filter((sample) => outcomeOf(sample.uri).kind === kind).length;
    if (count > 0) counts.set(kind, count);
  }
  return counts;
}

/** What a run over a folder has to do: what is not known yet, or everything where all is. */
export function pendingSamples(samples: readonly Sample[], outcomeOf: OutcomeLookup): Sample[] {
  const explainable = samples.filter((sample) => !sample.lacksPrompt);
  const open = explainable.filter(({ uri }) =>
    ['unknown', 'error', 'running'].includes(outcomeOf(uri).kind),
  );
  return sorted(open.length > 0 ? open : explainable, 'task', outcomeOf);
}

/** Why there is nothing to do for a run over these samples. */
export const whyNothingPending = (samples: readonly Sample[]): string =>
  samples.length > 0
    ? 'completions without their prompt are explained one by one, as they are opened'
    : 'there is no sample to explain here';

/**
 * What is known about each sample, gathered from what the server sends anyway.
 *
 * There is no message "this sample passes": it has been explained, and neither a failing test was
 * reported nor a pair.
 */

import type { Relevance, RelevancePair, Status } from '../protocol/serverMessages';

export type Outcome =
  | { kind: 'unknown' }
  | { kind: 'running' }
  | { kind: 'pass' }
  | { kind: 'fail' }
  | { kind: 'proved'; logitDiff: number; target: string; contrast: string; weak: boolean }
  | { kind: 'error'; message: string };

export type OutcomeKind = Outcome['kind'];

/** What the tests have said, which stays true of the same text. */
export type Settled = Extract<Outcome, { kind: 'pass' | 'fail' | 'proved' }>;

export const isSettled = (outcome: Outcome): outcome is Settled =>
  ['pass', 'fail', 'proved'].includes(outcome.kind);

/** Every kind, in the order in which a list sorted by outcome shows them. */
export const OUTCOME_KINDS: readonly OutcomeKind[] = [
  'proved',
  'fail',
  'error',
  'running',
  'pass',
  'unknown',
];

/** Where the work on a sample stands; it has ended in all but the first two. */
export type WorkState = 'idle' | 'running' | 'done' | 'stopped' | 'failed' | 'refused' | 'lost';

interface Facts {
  work: WorkState;
  /** Something was found out, if only that the tests have run. */
  hasResult: boolean;
  /** What the tests have proved. It stays true whatever else is asked about the same text. */
  proved: Pick<RelevancePair, 'logitDiff' | 'target' | 'contrast' | 'weak'> | null;
  /** A failing test was reported. It stays true until the sample is explained anew. */
  fails: boolean;
  message: string;
}

const NOTHING: Facts = { work: 'idle', hasResult: false, proved: null, fails: false, message: '' };

function toOutcome({ work, hasResult, proved, fails, message }: Facts): Outcome {
  if (proved) {
    const { logitDiff, target, contrast, weak } = proved;
    return { kind: 'proved', logitDiff, target, contrast, weak };
  }
  if (work === 'failed') return { kind: 'error', message };
  if (work === 'running') return { kind: 'running' };
  if (fails) return { kind: 'fail' };
  return work === 'done' && hasResult ? { kind: 'pass' } : { kind: 'unknown' };
}

/** Which end of the work a status without `computing` tells. */
function endState(state: Status['state'], facts: Facts): WorkState {
  if (state === 'error') return 'failed';
  if (state === 'untrusted') return 'refused';
  // "Stopped" is said in the same way as "explained", but nothing was found before it.
  return facts.hasResult || facts.fails ? 'done' : 'stopped';
}

type Listener = (uri: string) => void;

/** The outcomes of all samples, by the uri of their documents. */
export class Outcomes {
  private readonly facts = new Map<string, Facts>();
  private readonly listeners = new Set<Listener>();

  of(uri: string): Outcome {
    return toOutcome(this.get(uri));
  }

  workState(uri: string): WorkState {
    return this.get(uri).work;
  }

  /** Calls `listener` after every change, until the returned function is called. */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The sample is about to be explained: what was known before counts no more. */
  requested(uri: string): void {
    this.set(uri, { ...NOTHING, work: 'running' });
  }

  relevance(result: Relevance): void {
    const facts = this.get(result.uri);
    if (result.state === 'computed') {
      // A pair chosen by hand is shown in the editor, and says nothing about the sample.
      const proved = result.pair?.origin === 'manual' ? null : result.pair;
      this.set(result.uri, { ...facts, hasResult: true, proved: proved ?? facts.proved });
    } else if (result.state === 'stale')
      this.set(result.uri, { ...NOTHING, work: workAfterEdit(facts) });
    // A closed document keeps its outcome; only work on it has ended.
    else if (facts.work === 'running') this.set(result.uri, { ...facts, work: 'lost' });
  }

  /** A failing test was reported for the sample. */
  testFailed(uri: string): void {
    this.set(uri, { ...this.get(uri), fails: true });
  }

  status(status: Status): void {
    const { uri, state, message } = status;
    if (uri === null || state === 'starting') return;
    const facts = this.get(uri);
    if (state !== 'computing') {
      this.set(uri, { ...facts, work: endState(state, facts), message });
    } else if (facts.work === 'running') this.set(uri, facts);
    else this.set(uri, { ...NOTHING, work: 'running', proved: facts.proved });
  }

  /** The server has ended: nobody works on anything now. */
  serverEnded(): void {
    for (const [uri, facts] of this.facts) {
      if (facts.work === 'running') this.set(uri, { ...facts, work: 'lost' });
    }
  }

  /** What an earlier window has found out; what this one knows counts more. */
  restore(uri: string, outcome: Settled): void {
    if (this.facts.has(uri)) return;
    const proved = outcome.kind === 'proved' ? outcome : null;
    const fails = outcome.kind === 'fail';
    this.set(uri, { ...NOTHING, work: 'done', hasResult: true, proved, fails });
  }

  /** The sample has changed on disk, or is gone. */
  forget(uri: string): void {
    if (this.facts.delete(uri)) this.notify(uri);
  }

  private get(uri: string): Facts {
    return this.facts.get(uri) ?? NOTHING;
  }

  private set(uri: string, facts: Facts): void {
    this.facts.set(uri, facts);
    this.notify(uri);
  }

  private notify(uri: string): void {
    for (const listener of [...this.listeners]) listener(uri);
  }
}

/** Work that was asked for goes on when the server says that older results are stale. */
function workAfterEdit(facts: Facts): WorkState {
  return facts.work === 'running' ? 'running' : 'idle';
}

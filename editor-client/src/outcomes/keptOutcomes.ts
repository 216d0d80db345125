/**
 * Outcomes that outlive the window: what a run of hours has found is there again after a reload, for
 * all files that have not changed since. Needs no VS Code.
 */

import { isDeepStrictEqual } from 'node:util';
import { isSettled, OUTCOME_KINDS, type Outcomes, type Settled } from './outcomes';

const KEY = 'samples.outcomes';

/** EvalPlus' tasks a few times over; beyond it, those that were found first go. */
const MAX_ENTRIES = 2000;

interface Entry {
  uri: string;
  /** When the file was changed that this is about. */
  time: number;
  outcome: Settled;
}

/** What VS Code keeps for a workspace. */
export interface Memory {
  get: (key: string) => unknown;
  update: (key: string, value: unknown) => PromiseLike<void>;
}

/** When a sample's file was changed last; null: there is none, or the editor shows another text. */
export type ModifiedTime = (uri: string) => Promise<number | null>;

/** What was kept, unless another version of the extension kept something else. */
function parseEntries(stored: unknown): Entry[] {
  const entries = Array.isArray(stored) ? (stored as Partial<Entry>[]) : [];
  return entries.filter((entry): entry is Entry =>
    OUTCOME_KINDS.some((kind) => kind === entry.outcome?.kind),
  );
}

export class KeptOutcomes {
  private readonly entries = new Map<string, Entry>();
  private readonly unsubscribe: () => void;
  private saving: NodeJS.Immediate | undefined;

  constructor(
    private readonly outcomes: Outcomes,
    private readonly memory: Memory,
    private readonly timeOf: ModifiedTime,
  ) {
    this.unsubscribe = outcomes.onChange((uri) => void this.record(uri));
  }

  /** Brings back what is still true. */
  async restore(): Promise<void> {
    const entries = parseEntries(this.memory.get(KEY));
    const times = await Promise.all(entries.map(({ uri }) => this.timeOf(uri)));
    for (const [index, entry] of entries.entries()) {
      if (times[index] !== entry.time || this.entries.has(entry.uri)) continue;
      this.entries.set(entry.uri, entry);
      this.outcomes.restore(entry.uri, entry.outcome);
    }
    this.saveSoon();
  }

  /** Keeps what is known of a sample now; called with every change, and when its file was saved. */
  async record(uri: string): Promise<void> {
    // What is asked anew stays true until there is an answer.
    if (this.outcomes.of(uri).kind === 'running') return;
    const time = await this.timeOf(uri);
    const outcome = this.outcomes.of(uri);
    const entry = time !== null && isSettled(outcome) ? { uri, time, outcome } : undefined;
    if (isDeepStrictEqual(entry, this.entries.get(uri))) return;
    this.entries.delete(uri);
    if (entry) this.entries.set(uri, entry);
    this.saveSoon();
  }

  dispose(): void {
    this.unsubscribe();
    if (!this.saving) return;
    clearImmediate(this.saving);
    this.save();
  }

  /** Outcomes come in bursts. */
  private saveSoon(): void {
    this.saving ??= setImmediate(() => {
      this.save();
    });
  }

  private save(): void {
    this.saving = undefined;
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= MAX_ENTRIES) break;
      this.entries.delete(oldest);
    }
    void this.memory.update(KEY, [...this.entries.values()]);
  }
}

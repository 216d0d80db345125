/**
 * What the panel knows of the sample that it follows, and when it asks for more. No VS Code here.
 *
 * Details are read anew whenever the server tells of something; graph and comparison are computed
 * when their section is looked at, and belong to one pair of one version: an edit takes all away.
 */

import { RecentAnswers } from './recentAnswers';
import type { Details } from '../protocol/serverMessages';
import {
  COMPUTATIONS,
  type Computation,
  type Computed,
  type Part,
  type SampleState,
  type Section,
  type ToView,
  type Wish,
} from '../protocol/webviewMessages';
import type { Relevance, Status } from '../protocol/serverMessages';
import { MovedOn, NoServer, type Ask } from '../protocol/requests';

export interface Followed {
  uri: string;
  title: string;
}

const NOTHING: SampleState = { state: 'none', message: 'Open a sample to see why it fails.' };
const STALE: SampleState = { state: 'stale', message: 'The text has changed.' };
const WAITING: SampleState = { state: 'none', message: 'Waiting for the server …' };
const CLOSED: SampleState = { state: 'none', message: 'Open the sample to see why it fails.' };
const ENDED: SampleState = { state: 'error', message: 'The server has ended.' };

type Parts = { [C in Computation]: Part<Computed[C]> };
const idle = (): Parts => ({ graph: { state: 'idle' }, compare: { state: 'idle' } });
const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Why nothing could be read about a sample. */
function unread(error: unknown): SampleState {
  if (error instanceof NoServer) return WAITING;
  return error instanceof MovedOn ? CLOSED : { state: 'error', message: words(error) };
}

/** How far the explanation is that these details are of. */
export function stateOf(details: Details | null): SampleState {
  const unexplained = 'Not explained yet.';
  if (!details?.taskId) return { state: 'unexplained', message: unexplained };
  if (details.attribution && details.pair) return { state: 'ready', message: details.pair.words };
  if (details.running) return { state: 'computing', message: 'Explaining …' };
  if (!details.verdict) return { state: 'unexplained', message: unexplained };
  const { passed, words: message } = details.verdict;
  return { state: passed ? 'passes' : 'unproved', message };
}

export class PanelModel {
  private followed: Followed | null = null;
  private details: Details | null = null;
  private sample: SampleState = NOTHING;
  private section: Section = 'graph';
  private parts = idle();
  /** How the graph is wanted until that is said again. */
  private midpoints = false;
  private readonly running = new Map<Computation, AbortController>();
  private readonly kept = new RecentAnswers<Parts>(4);
  private readonly heard = new Set<string>();
  private turn = 0;
  private visible = true;
  /** What is shown is that no server answers: the next one is asked. */
  private unserved = false;

  constructor(
    private readonly ask: Ask,
    private readonly post: (message: ToView) => void,
  ) {}

  get uri(): string | null {
    return this.followed?.uri ?? null;
  }

  get known(): Details | null {
    return this.details;
  }

  /** Whether the server has spoken of a document: then it is a sample, whatever its name. */
  heardOf(uri: string): boolean {
    return this.heard.has(uri);
  }

  /** Shows this sample from now on; null: none. */
  follow(followed: Followed | null): void {
    if (followed?.uri === this.followed?.uri) {
      if (this.sample === CLOSED) void this.refresh(); // it may be open now
      return;
    }
    this.followed = followed;
    this.unserved = false;
    this.forget(followed ? { state: 'computing', message: 'Reading …' } : NOTHING);
    void this.refresh();
  }

  show(section: Section): void {
    this.section = section;
    this.post({ type: 'section', section });
    this.computeWanted();
  }

  /** The user has chosen a section in the panel itself. */
  looked(section: Section): void {
    this.section = section;
    this.computeWanted();
  }

  /** What nobody sees is not computed. */
  setVisible(visible: boolean): void {
    const shown = visible && !this.visible;
    this.visible = visible;
    if (shown) void this.refresh();
  }

  /** Says everything again: the webview has forgotten it. */
  replay(): void {
    this.postSample();
    this.post({ type: 'details', details: this.details });
    for (const what of COMPUTATIONS) this.postPart(what);
    this.post({ type: 'section', section: this.section });
  }

  relevance(relevance: Relevance): void {
    this.heard.add(relevance.uri);
    if (relevance.state !== 'computed') this.kept.forget(relevance.uri);
    if (relevance.uri !== this.uri) return;
    if (relevance.state === 'computed') void this.refresh();
    else this.forget(STALE);
  }

  status({ uri, state, message }: Status): void {
    if (uri === null && this.unserved) this.served(state, message);
    if (uri === null || uri !== this.uri) return;
    if (state === 'computing') this.setSample({ state: 'computing', message });
    else if (state === 'error') this.setSample({ state: 'error', message });
    else void this.refresh();
  }

  /** The server has ended: what it was computing does not come any more. */
  serverGone(): void {
    if (this.sample.state === 'computing') {
      this.setSample(ENDED);
      this.unserved = true;
    }
    for (const what of COMPUTATIONS) {
      this.stop(what);
      this.postPart(what);
    }
  }

  cancel(what: Computation): void {
    if (!this.running.has(what)) return;
    this.stop(what);
    this.setPart(what, { state: 'failed', message: 'Stopped.' });
  }

  /** Asks the engine, in the place of what is computed of this kind already. */
  async compute(
    what: Computation,
    { model, midpoints = this.midpoints }: Wish = {},
  ): Promise<void> {
    const { details, followed } = this;
    if (!followed || !details?.attribution) return;
    this.stop(what);
    this.midpoints = midpoints;
    const controller = new AbortController();
    this.running.set(what, controller);
    // News of one that was stopped or replaced meanwhile is none.
    const tell = (part: Part<Computed[Computation]>): void => {
      if (this.running.get(what) === controller) this.setPart(what, part);
    };
    tell({ state: 'computing', message: 'Waiting for the engine …' });
    const wish: Wish = what === 'graph' ? { midpoints } : { ...(model !== undefined && { model }) };
    const params = { uri: followed.uri, version: details.version, ...wish };
    try {
      const value = await this.ask(`tokenblame/${what}`, params, controller.signal, (message) => {
        tell({ state: 'computing', message });
      });
      tell({ state: 'ready', value: value as Computed[typeof what] });
    } catch (error) {
      tell(
        error instanceof MovedOn ? { state: 'idle' } : { state: 'failed', message: words(error) },
      );
    }
    if (this.running.get(what) === controller) this.running.delete(what);
  }

  /** Reads what the server knows now; the answer to an older reading counts no more. */
  async refresh(): Promise<void> {
    const { followed } = this;
    const turn = ++this.turn;
    if (!followed || !this.visible) return;
    const signal = new AbortController().signal;
    try {
      const params = { uri: followed.uri };
      const details = await this.ask('tokenblame/details', params, signal, () => undefined);
      if (turn === this.turn) this.take(details as Details | null);
    } catch (error) {
      if (turn === this.turn) this.missed(error);
    }
  }

  /** Nothing could be read; what is known already stays, where nothing is wrong with it. */
  private missed(error: unknown): void {
    const unserved = error instanceof NoServer;
    if (this.details && (unserved || error instanceof MovedOn)) return;
    this.unserved = unserved;
    this.setSample(unread(error));
  }

  /** A server begins, can answer now, or could not be started. */
  private served(state: Status['state'], message: string): void {
    if (state === 'ready') {
      this.unserved = false;
      void this.refresh();
    } else this.setSample(state === 'error' ? { state, message } : WAITING);
  }

  private take(details: Details | null): void {
    this.details = details;
    this.post({ type: 'details', details });
    this.setSample(stateOf(details));
    const { uri } = this;
    if (uri !== null && details?.pair && details.attribution) {
      const { position, contrast } = details.pair;
      const { method, objective } = details.attribution;
      const about = [
        details.version,
        position,
        contrast.id,
        details.model?.name,
        method,
        objective,
      ];
      const held = this.kept.get(uri, JSON.stringify([...about, details.sibling]), idle);
      if (held !== this.parts) this.setParts(held);
    }
    this.computeWanted();
  }

  /** The graph is what its section is for; another model is loaded only when asked for. */
  private computeWanted(): void {
    const wanted = this.section === 'graph' && this.visible && !this.details?.running;
    if (wanted && this.parts.graph.state === 'idle') void this.compute('graph');
  }

  private forget(sample: SampleState): void {
    this.turn += 1;
    this.details = null;
    this.post({ type: 'details', details: null });
    this.setParts(idle());
    this.setSample(sample);
  }

  private setParts(parts: Parts): void {
    for (const what of COMPUTATIONS) this.stop(what);
    this.parts = parts;
    for (const what of COMPUTATIONS) this.postPart(what);
  }

  private setPart(what: Computation, part: Part<Computed[Computation]>): void {
    Object.assign(this.parts, { [what]: part });
    this.postPart(what);
  }

  private setSample(sample: SampleState): void {
    this.sample = sample;
    this.postSample();
  }

  private postSample(): void {
    const { uri, title } = this.followed ?? { uri: null, title: 'Token Blame' };
    this.post({ type: 'sample', uri, title, sample: this.sample });
  }

  private postPart(what: Computation): void {
    this.post({ type: what, part: this.parts[what] } as ToView);
  }

  private stop(what: Computation): void {
    const controller = this.running.get(what);
    if (!controller) return;
    this.running.delete(what);
    // A result that is kept must not be one that never comes.
    Object.assign(this.parts, { [what]: { state: 'idle' } });
    controller.abort();
  }
}

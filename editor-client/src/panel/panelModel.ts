/**
 * What the panel knows of the sample that it follows, and when it asks for more. No VS Code here.
 *
 * Details are read anew whenever the server tells of something; graph and comparison are computed
 * when their section is looked at, and belong to one pair of one version: an edit takes all away.
 */

import { ContentModified, errorMessage, ServerNotRunning } from '../protocol/errors';
import type { SendRequest } from '../protocol/requests';
import type { Details, Relevance, Status } from '../protocol/serverMessages';
import {
  type Computation,
  COMPUTATION_NAMES,
  type ComputationName,
  type ComputationResults,
  type ComputeOptions,
  type MessageToWebview,
  type SampleState,
  type Section,
} from '../protocol/webviewMessages';
import { RecentAnswers } from './recentAnswers';
import { CLOSED, ENDED, NOTHING, sampleStateOf, STALE, unreadState, WAITING } from './sampleState';

export interface Followed {
  uri: string;
  title: string;
}

type Computations = { [C in ComputationName]: Computation<ComputationResults[C]> };
const idle = (): Computations => ({ graph: { state: 'idle' }, compare: { state: 'idle' } });

export class PanelModel {
  private followed: Followed | null = null;
  private details: Details | null = null;
  private sample: SampleState = NOTHING;
  private section: Section = 'graph';
  private computations = idle();
  /** How the graph is wanted until that is said again. */
  private midpoints = false;
  private readonly running = new Map<ComputationName, AbortController>();
  private readonly recentAnswers = new RecentAnswers<Computations>(4);
  private readonly sampleUris = new Set<string>();
  private refreshes = 0;
  private visible = true;
  /** It is shown that no server answers: the next one is asked. */
  private waitsForServer = false;

  constructor(
    private readonly sendRequest: SendRequest,
    private readonly post: (message: MessageToWebview) => void,
  ) {}

  get uri(): string | null {
    return this.followed?.uri ?? null;
  }

  get currentDetails(): Details | null {
    return this.details;
  }

  /** Whether the server has spoken of a document: then it is a sample, whatever its name. */
  isSample(uri: string): boolean {
    return this.sampleUris.has(uri);
  }

  /** Shows this sample from now on; null: none. */
  follow(followed: Followed | null): void {
    if (followed?.uri === this.followed?.uri) {
      if (this.sample === CLOSED) void this.refresh(); // it may be open now
      return;
    }
    this.followed = followed;
    this.waitsForServer = false;
    this.forget(followed ? { state: 'computing', message: 'Reading …' } : NOTHING);
    void this.refresh();
  }

  show(section: Section): void {
    this.section = section;
    this.post({ type: 'section', section });
    this.computeWanted();
  }

  /** The user has chosen a section in the panel itself. */
  sectionChosen(section: Section): void {
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
    for (const name of COMPUTATION_NAMES) this.postComputation(name);
    this.post({ type: 'section', section: this.section });
  }

  relevance(relevance: Relevance): void {
    this.sampleUris.add(relevance.uri);
    if (relevance.state !== 'computed') this.recentAnswers.forget(relevance.uri);
    if (relevance.uri !== this.uri) return;
    if (relevance.state === 'computed') void this.refresh();
    else this.forget(STALE);
  }

  status({ uri, state, message }: Status): void {
    if (uri === null && this.waitsForServer) this.serverStatus(state, message);
    if (uri === null || uri !== this.uri) return;
    if (state === 'computing') this.setSample({ state: 'computing', message });
    else if (state === 'error') this.setSample({ state: 'error', message });
    else void this.refresh();
  }

  /** The server has ended: what it was computing does not come any more. */
  serverEnded(): void {
    if (this.sample.state === 'computing') {
      this.setSample(ENDED);
      this.waitsForServer = true;
    }
    for (const name of COMPUTATION_NAMES) {
      this.stop(name);
      this.postComputation(name);
    }
  }

  cancel(name: ComputationName): void {
    if (!this.running.has(name)) return;
    this.stop(name);
    this.setComputation(name, { state: 'failed', message: 'Stopped.' });
  }

  /** Asks the engine, in the place of what is computed of this kind already. */
  async compute(
    name: ComputationName,
    { model, midpoints = this.midpoints }: ComputeOptions = {},
  ): Promise<void> {
    const { details, followed } = this;
    if (!followed || !details?.attribution) return;
    this.stop(name);
    this.midpoints = midpoints;
    const controller = new AbortController();
    this.running.set(name, controller);
    // One that was stopped or replaced meanwhile has nothing more to say.
    const update = (computation: Computation<ComputationResults[ComputationName]>): void => {
      if (this.running.get(name) === controller) this.setComputation(name, computation);
    };
    update({ state: 'computing', message: 'Waiting for the engine …' });
    const options: ComputeOptions =
      name === 'graph' ? { midpoints } : { ...(model !== undefined && { model }) };
    const params = { uri: followed.uri, version: details.version, ...options };
    try {
      const value = await this.sendRequest(
        `tokenblame/${name}`,
        params,
        controller.signal,
        (message) => {
          update({ state: 'computing', message });
        },
      );
      update({ state: 'ready', value: value as ComputationResults[typeof name] });
    } catch (error) {
      update(
        error instanceof ContentModified
          ? { state: 'idle' }
          : { state: 'failed', message: errorMessage(error) },
      );
    }
    if (this.running.get(name) === controller) this.running.delete(name);
  }

  /** Reads what the server knows now; the answer to an older reading counts no more. */
  async refresh(): Promise<void> {
    const { followed } = this;
    const refresh = ++this.refreshes;
    if (!followed || !this.visible) return;
    const signal = new AbortController().signal;
    try {
      const params = { uri: followed.uri };
      const details = await this.sendRequest('tokenblame/details', params, signal, () => undefined);
      if (refresh === this.refreshes) this.showDetails(details as Details | null);
    } catch (error) {
      if (refresh === this.refreshes) this.refreshFailed(error);
    }
  }

  /** Nothing could be read; what is known already stays, where nothing is wrong with it. */
  private refreshFailed(error: unknown): void {
    const noServer = error instanceof ServerNotRunning;
    if (this.details && (noServer || error instanceof ContentModified)) return;
    this.waitsForServer = noServer;
    this.setSample(unreadState(error));
  }

  /** A server begins, can answer now, or could not be started. */
  private serverStatus(state: Status['state'], message: string): void {
    if (state === 'ready') {
      this.waitsForServer = false;
      void this.refresh();
    } else this.setSample(state === 'error' ? { state, message } : WAITING);
  }

  private showDetails(details: Details | null): void {
    this.details = details;
    this.post({ type: 'details', details });
    this.setSample(sampleStateOf(details));
    const { uri } = this;
    if (uri !== null && details?.pair && details.attribution) {
      const { position, contrast } = details.pair;
      const { method, objective } = details.attribution;
      const { version, model, sibling } = details;
      const key = [version, position, contrast.id, model?.name, method, objective, sibling];
      const computations = this.recentAnswers.get(uri, JSON.stringify(key), idle);
      if (computations !== this.computations) this.setComputations(computations);
    }
    this.computeWanted();
  }

  /** The graph is what its section is for; another model is loaded only when asked for. */
  private computeWanted(): void {
    const wanted = this.section === 'graph' && this.visible && !this.details?.running;
    if (wanted && this.computations.graph.state === 'idle') void this.compute('graph');
  }

  private forget(sample: SampleState): void {
    this.refreshes += 1;
    this.details = null;
    this.post({ type: 'details', details: null });
    this.setComputations(idle());
    this.setSample(sample);
  }

  private setComputations(computations: Computations): void {
    for (const name of COMPUTATION_NAMES) this.stop(name);
    this.computations = computations;
    for (const name of COMPUTATION_NAMES) this.postComputation(name);
  }

  private setComputation(
    name: ComputationName,
    computation: Computation<ComputationResults[ComputationName]>,
  ): void {
    Object.assign(this.computations, { [name]: computation });
    this.postComputation(name);
  }

  private setSample(sample: SampleState): void {
    this.sample = sample;
    this.postSample();
  }

  private postSample(): void {
    const { uri, title } = this.followed ?? { uri: null, title: 'Token Blame' };
    this.post({ type: 'sample', uri, title, sample: this.sample });
  }

  private postComputation(name: ComputationName): void {
    this.post({ type: name, computation: this.computations[name] } as MessageToWebview);
  }

  private stop(name: ComputationName): void {
    const controller = this.running.get(name);
    if (!controller) return;
    this.running.delete(name);
    // A result that is kept must not be one that never comes.
    Object.assign(this.computations, { [name]: { state: 'idle' } });
    controller.abort();
  }
}

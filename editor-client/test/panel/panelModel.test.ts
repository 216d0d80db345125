import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PanelModel } from '../../src/panel/panelModel';
import { ContentModified, ServerNotRunning } from '../../src/protocol/errors';
import type { Details } from '../../src/protocol/serverMessages';
import type { MessageToWebview } from '../../src/protocol/webviewMessages';
import { relevance, status, URI } from '../fixtures/notifications';
import { details, RUNNING } from '../fixtures/panel';

/** One request to the server, which the test answers. */
interface Asked {
  method: string;
  version: number | undefined;
  model: string | undefined;
  midpoints: boolean | undefined;
  signal: AbortSignal;
  progress: (message: string) => void;
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
}

/** A panel with a server that the test plays and a webview that remembers the last of each kind. */
class Bench {
  readonly asked: Asked[] = [];
  readonly shown = new Map<MessageToWebview['type'], MessageToWebview>();
  readonly model = new PanelModel(
    (method, { version, model, midpoints }, signal, progress) =>
      new Promise((resolve, reject) => {
        this.asked.push({ method, version, model, midpoints, signal, progress, resolve, reject });
      }),
    (message) => this.shown.set(message.type, structuredClone(message)),
  );

  /** The oldest request that is not answered yet. */
  next(method: string): Asked {
    const found = this.asked.shift();
    assert.equal(found?.method, `tokenblame/${method}`);
    return found;
  }

  async answer(method: string, value: unknown): Promise<void> {
    this.next(method).resolve(value);
    await settled();
  }

  computation(name: 'graph' | 'compare'): { state: string; message?: string } {
    return (this.shown.get(name) as MessageToWebview & { type: 'graph' }).computation;
  }

  get sample(): string {
    return this.said.state;
  }

  /** About the sample as a whole. */
  get said(): { state: string; message: string } {
    return (this.shown.get('sample') as MessageToWebview & { type: 'sample' }).sample;
  }

  get details(): Details | null {
    return (this.shown.get('details') as MessageToWebview & { type: 'details' }).details;
  }
}

/** Promises that are resolved have been heard. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function explained(known = details()): Promise<Bench> {
  const bench = new Bench();
  bench.model.follow({ uri: URI, title: 'HumanEval_65/0.py' });
  await bench.answer('details', known);
  return bench;
}

const graph = { version: 1, graph: { nodes: [] } };

describe('PanelModel', () => {
  it('computes the graph once the sample is explained and its section is shown', async () => {
    const bench = await explained(details(RUNNING));
    assert.equal(bench.sample, 'computing');
    assert.equal(bench.asked.length, 0);
    bench.model.status(status('ready'));
    await bench.answer('details', details());
    assert.equal(bench.computation('graph').state, 'computing');
    bench.asked[0]?.progress('Following');
    assert.equal(bench.computation('graph').message, 'Following');
    await bench.answer('graph', graph);
    assert.deepEqual(bench.shown.get('graph'), {
      type: 'graph',
      computation: { state: 'ready', value: graph },
    });
  });

  it('does not compute what is not looked at', async () => {
    const bench = new Bench();
    bench.model.show('faithfulness');
    bench.model.follow({ uri: URI, title: '' });
    await bench.answer('details', details());
    assert.equal(bench.asked.length, 0);
    bench.model.sectionChosen('graph');
    bench.next('graph');
    bench.model.setVisible(false);
    bench.model.status(status('ready'));
    assert.equal(bench.asked.length, 0);
    bench.model.setVisible(true);
    bench.next('details');
  });

  it('takes everything away with an edit, and stops what is computed', async () => {
    const bench = await explained();
    const asked = bench.next('graph');
    bench.model.relevance(relevance({ state: 'stale', version: 2 }));
    assert.ok(asked.signal.aborted);
    assert.deepEqual([bench.sample, bench.details], ['stale', null]);
    asked.resolve(graph); // too late
    await settled();
    assert.equal(bench.computation('graph').state, 'idle');
    bench.model.relevance(relevance({ version: 2 }));
    await bench.answer('details', details({ version: 2 }));
    assert.equal(bench.next('graph').version, 2);
  });

  it('asks again where the text had moved on, and only once that is explained', async () => {
    const bench = await explained();
    bench.next('graph').reject(new ContentModified());
    await settled();
    assert.equal(bench.computation('graph').state, 'idle');
    assert.equal(bench.asked.length, 0);
    bench.model.status(status('ready'));
    await bench.answer('details', details());
    bench.next('graph');
  });

  it('says what went wrong and tries again when asked to', async () => {
    const bench = await explained();
    bench.next('graph').reject(new Error('Out of memory.'));
    await settled();
    assert.deepEqual(bench.computation('graph'), { state: 'failed', message: 'Out of memory.' });
    bench.model.status(status('ready'));
    await bench.answer('details', details());
    assert.equal(bench.computation('graph').state, 'failed'); // not over and over
    void bench.model.compute('graph');
    await bench.answer('graph', graph);
    assert.equal(bench.computation('graph').state, 'ready');
  });

  it('stops when the user says so', async () => {
    const bench = await explained();
    const asked = bench.next('graph');
    bench.model.cancel('graph');
    assert.ok(asked.signal.aborted);
    asked.reject(new Error('Canceled'));
    await settled();
    assert.deepEqual(bench.computation('graph'), { state: 'failed', message: 'Stopped.' });
  });

  it('keeps a graph for when the sample is looked at again', async () => {
    const bench = await explained();
    await bench.answer('graph', graph);
    bench.model.follow({ uri: 'file:///w/HumanEval_1/0.py', title: '' });
    assert.equal(bench.computation('graph').state, 'idle');
    await bench.answer('details', details({ pair: null, attribution: null }));
    bench.model.follow({ uri: URI, title: '' });
    await bench.answer('details', details());
    assert.equal(bench.computation('graph').state, 'ready');
    assert.equal(bench.asked.length, 0);
  });

  it('computes anew for another pair', async () => {
    const bench = await explained();
    await bench.answer('graph', graph);
    const { pair } = details();
    assert.ok(pair);
    bench.model.relevance(relevance());
    await bench.answer('details', details({ pair: { ...pair, position: 8 } }));
    bench.next('graph');
  });

  it('goes on with the depth that was chosen', async () => {
    const bench = await explained();
    for (const wish of [{ midpoints: true }, {}]) void bench.model.compute('graph', wish);
    const asked = ['graph', 'graph', 'graph'].map((what) => bench.next(what).midpoints);
    assert.deepEqual(asked, [false, true, true]);
  });

  it('loads another model only when asked to', async () => {
    const bench = await explained(details({ sibling: 'larger' }));
    await bench.answer('graph', graph);
    bench.model.sectionChosen('compare');
    assert.equal(bench.asked.length, 0);
    void bench.model.compute('compare', { model: 'larger' });
    assert.equal(bench.asked[0]?.model, 'larger');
    bench.next('compare').reject(new Error('larger has other tokens.'));
    await settled();
    assert.equal(bench.computation('compare').message, 'larger has other tokens.');
  });

  it('does not mind notifications about other samples and late answers', async () => {
    const bench = await explained();
    bench.next('graph');
    bench.model.relevance(relevance({ uri: 'file:///w/other.py', state: 'stale' }));
    bench.model.status(status('error', 'no model', 'file:///w/other.py'));
    assert.equal(bench.sample, 'ready');
    void bench.model.refresh();
    void bench.model.refresh();
    const [old, latest] = [bench.next('details'), bench.next('details')];
    latest.resolve(details({ taskId: 'HumanEval/2' }));
    await settled();
    old.resolve(details({ taskId: 'HumanEval/1' }));
    await settled();
    assert.equal(bench.details?.taskId, 'HumanEval/2');
  });

  it('shows nothing where no sample is open, and all again to a webview that begins anew', async () => {
    const bench = new Bench();
    bench.model.replay();
    assert.equal(bench.sample, 'none');
    const full = await explained();
    await full.answer('graph', graph);
    full.shown.clear();
    full.model.replay();
    assert.equal(full.sample, 'ready');
    assert.equal(full.computation('graph').state, 'ready');
    assert.equal(full.details?.version, 1);
  });

  it('stops waiting for a server that has ended', async () => {
    const bench = await explained();
    const asked = bench.next('graph');
    bench.model.serverEnded();
    assert.ok(asked.signal.aborted);
    assert.equal(bench.computation('graph').state, 'idle');
  });

  it('says so where the server has ended for good in the middle of its work', async () => {
    const bench = await explained();
    bench.model.status(status('computing', 'Searching'));
    bench.model.serverEnded();
    assert.deepEqual(bench.said, { state: 'error', message: 'The server has ended.' });
    bench.model.status(status('starting', 'The server crashed', null));
    assert.equal(bench.said.message, 'Waiting for the server …');
    bench.model.status(status('error', 'The server keeps crashing.', null));
    assert.deepEqual(bench.said, { state: 'error', message: 'The server keeps crashing.' });
  });

  it('keeps what it shows of a server that had finished', async () => {
    const bench = await explained();
    await bench.answer('graph', graph);
    bench.model.serverEnded();
    bench.model.setVisible(false);
    bench.model.setVisible(true);
    bench.next('details').reject(new ServerNotRunning());
    await settled();
    bench.model.status(status('ready', 'Ready.', null));
    assert.deepEqual([bench.sample, bench.asked.length], ['ready', 0]);
    assert.equal(bench.computation('graph').state, 'ready');
  });

  it('waits for a server, and asks the one that is ready', async () => {
    const bench = new Bench();
    bench.model.follow({ uri: URI, title: '' });
    bench.next('details').reject(new ServerNotRunning());
    await settled();
    assert.deepEqual(bench.said, { state: 'none', message: 'Waiting for the server …' });
    bench.model.status(status('error', 'No Python.', null));
    assert.equal(bench.said.message, 'No Python.');
    bench.model.status(status('starting', '', null));
    bench.model.status(status('ready', 'Ready.', null));
    await bench.answer('details', details());
    assert.equal(bench.sample, 'ready');
    bench.next('graph');
    bench.model.status(status('ready', 'Stopped.', null)); // of another document
    assert.equal(bench.asked.length, 0);
  });

  it('asks for the sample to be opened where no editor has it', async () => {
    const bench = new Bench();
    bench.model.follow({ uri: URI, title: '' });
    bench.next('details').reject(new ContentModified());
    await settled();
    assert.equal(bench.said.message, 'Open the sample to see why it fails.');
    bench.model.follow({ uri: URI, title: '' });
    await bench.answer('details', details());
    assert.equal(bench.sample, 'ready');
  });
});

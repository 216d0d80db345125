import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeptOutcomes } from '../../src/outcomes/keptOutcomes';
import { Outcomes } from '../../src/outcomes/outcomes';
import { PAIR, relevance, status, URI } from '../fixtures/notifications';

const OTHER = 'file:///w/HumanEval_1/0.py';
const PROVED = { kind: 'proved', logitDiff: 1.235, target: ' <', contrast: ' <=', weak: false };

/** What one window after another keeps, and when their files were changed. */
class Workspace {
  readonly times = new Map([
    [URI, 1],
    [OTHER, 1],
  ]);
  private stored = '[]';
  updates = 0;

  /** A window that has begun; the one before it is gone without a word. */
  async window(): Promise<{ outcomes: Outcomes; kept: KeptOutcomes }> {
    const outcomes = new Outcomes();
    const memory = {
      get: (): unknown => JSON.parse(this.stored),
      update: (_key: string, value: unknown) => {
        this.stored = JSON.stringify(value);
        this.updates += 1;
        return Promise.resolve();
      },
    };
    const kept = new KeptOutcomes(outcomes, memory, (uri) =>
      Promise.resolve(this.times.get(uri) ?? null),
    );
    await kept.restore();
    await rest();
    return { outcomes, kept };
  }

  get size(): number {
    return (JSON.parse(this.stored) as unknown[]).length;
  }
}

/** Everything that was begun has been done. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** One sample is proved to fail, another one passes. */
function explain(outcomes: Outcomes): void {
  outcomes.status(status('computing'));
  outcomes.relevance(relevance({ pair: PAIR }));
  outcomes.status(status('ready'));
  outcomes.status(status('computing', '', OTHER));
  outcomes.relevance(relevance({ uri: OTHER }));
  outcomes.status(status('ready', '', OTHER));
}

describe('KeptOutcomes', () => {
  it('has outcomes outlive their window', async () => {
    const workspace = new Workspace();
    explain((await workspace.window()).outcomes);
    await rest();
    const { outcomes } = await workspace.window();
    assert.deepEqual(outcomes.of(URI), PROVED);
    assert.deepEqual(outcomes.of(OTHER), { kind: 'pass' });
    outcomes.status(status('computing'));
    assert.deepEqual(outcomes.of(URI), PROVED); // as one of this window
  });

  it('forgets those of files that have changed meanwhile, or are gone', async () => {
    const workspace = new Workspace();
    explain((await workspace.window()).outcomes);
    await rest();
    workspace.times.set(URI, 2);
    workspace.times.delete(OTHER);
    const { outcomes } = await workspace.window();
    for (const uri of [URI, OTHER]) assert.equal(outcomes.of(uri).kind, 'unknown');
    assert.equal(workspace.size, 0);
  });

  it('keeps nothing of a text that is in no file until that is saved', async () => {
    const workspace = new Workspace();
    const { outcomes, kept } = await workspace.window();
    workspace.times.delete(URI);
    explain(outcomes);
    await rest();
    assert.equal(workspace.size, 1);
    workspace.times.set(URI, 2);
    await kept.record(URI);
    await rest();
    assert.deepEqual((await workspace.window()).outcomes.of(URI), PROVED);
  });

  it('forgets with an edit, and not because the same is asked again', async () => {
    const workspace = new Workspace();
    const { outcomes } = await workspace.window();
    explain(outcomes);
    await rest();
    outcomes.requested(OTHER);
    outcomes.relevance(relevance({ state: 'stale', version: 2 }));
    await rest();
    const next = (await workspace.window()).outcomes;
    assert.equal(next.of(URI).kind, 'unknown');
    assert.equal(next.of(OTHER).kind, 'pass');
  });

  it('does not put old outcomes over what is known by then', async () => {
    const workspace = new Workspace();
    explain((await workspace.window()).outcomes);
    await rest();
    const { outcomes } = await workspace.window();
    outcomes.requested(OTHER);
    outcomes.restore(OTHER, { kind: 'pass' });
    assert.equal(outcomes.of(OTHER).kind, 'running');
  });

  it('writes a burst at once, and keeps the latest of too many', async () => {
    const workspace = new Workspace();
    const { outcomes } = await workspace.window();
    const before = workspace.updates;
    const uris = Array.from({ length: 2100 }, (_, number) => `file:///w/HumanEval_${number}/0.py`);
    for (const uri of uris) {
      workspace.times.set(uri, 1);
      outcomes.restore(uri, { kind: 'fail' });
    }
    await rest();
    assert.deepEqual([workspace.size, workspace.updates], [2000, before + 1]);
    const next = (await workspace.window()).outcomes;
    assert.deepEqual(
      [uris[0], uris.at(-1)].map((uri) => next.of(uri ?? '').kind),
      ['unknown', 'fail'],
    );
  });
});

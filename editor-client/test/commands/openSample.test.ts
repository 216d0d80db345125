import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import {
  type ExplainDependencies,
  explainSample,
  openCompletion,
} from '../../src/commands/openSample';
import { Outcomes } from '../../src/outcomes/outcomes';
import type { Sample } from '../../src/samples/sampleFormats';
import { URI } from '../fixtures/notifications';
import { fake, Range } from '../fixtures/vscode';

const SAMPLE: Sample = {
  uri: URI,
  taskId: 'HumanEval/65',
  name: '0',
  number: 0,
  group: 'file:///w',
  lacksPrompt: false,
};
const SAMPLE_FILE = 'file:///w/samples.jsonl';
const COMPLETION: Sample = { ...SAMPLE, number: 2, group: SAMPLE_FILE, lacksPrompt: true };

/** A server that runs, and remembers its commands. */
class Played implements ExplainDependencies {
  readonly outcomes = new Outcomes();
  readonly asked: unknown[][] = [];
  readonly server = {
    running: true,
    ensureRunning: () => Promise.resolve(),
    execute: (...command: unknown[]) => Promise.resolve(this.asked.push(command)),
  };
}

beforeEach(() => {
  Object.assign(fake, { run: 'type', open: [], shown: [] });
});

describe('explainSample', () => {
  it('does not ask for what opening begins by itself', async () => {
    for (const run of ['type', 'open']) {
      Object.assign(fake, { run, open: [], shown: [] });
      const played = new Played();
      await explainSample(played, SAMPLE);
      assert.deepEqual([fake.shown, played.asked], [[[URI, {}]], []], run);
      assert.equal(played.outcomes.of(URI).kind, 'running');
    }
  });

  it('asks once where it does not', async () => {
    for (const [run, open] of [
      ['save', []],
      ['manual', []],
      ['type', [{ uri: URI }]],
    ] as const) {
      Object.assign(fake, { run, open: [...open], shown: [] });
      const played = new Played();
      await explainSample(played, SAMPLE);
      assert.deepEqual(played.asked, [['tokenblame.explain', URI]], run);
    }
  });

  it('shows a sample that is worked on, and leaves the work alone', async () => {
    const played = new Played();
    await explainSample(played, SAMPLE);
    await explainSample(played, SAMPLE);
    assert.deepEqual([fake.shown.length, played.asked], [2, []]);
  });

  it('shows the sample also where no server can be started', async () => {
    const played = new Played();
    played.server.running = false;
    await explainSample(played, SAMPLE);
    assert.deepEqual([fake.shown.length, played.asked], [1, []]);
    assert.equal(played.outcomes.of(URI).kind, 'unknown');
  });
});

describe('openCompletion', () => {
  it('has the server make a file of the line, whose file is open then', async () => {
    for (const open of [
      (played: Played) => openCompletion(played.server, COMPLETION),
      (played: Played) => explainSample(played, COMPLETION),
    ]) {
      Object.assign(fake, { open: [], shown: [] });
      const played = new Played();
      await open(played);
      const how = { preserveFocus: true, selection: new Range(1, 0, 1, 0) };
      assert.deepEqual(fake.shown, [[SAMPLE_FILE, how]]);
      assert.deepEqual(played.asked, [['tokenblame.openSample', SAMPLE_FILE, { line: 1 }]]);
    }
  });
});

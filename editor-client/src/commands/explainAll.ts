/** "Explain all": the samples of a folder one after another, with progress and cancel. */

import * as vscode from 'vscode';
import { waitForEnd, type WorkEnd } from '../outcomes/waitForEnd';
import { SERVER_COMMANDS } from '../protocol/commands';
import { errorMessage } from '../protocol/errors';
import type { Sample } from '../samples/sampleFormats';
import { pendingSamples, whyNothingPending } from '../samples/sampleList';
import type { Group, SampleTree } from '../samples/sampleTree';
import { type ExplainDependencies, startExplaining } from './openSample';
import { describeReport, runSequentially } from './runSequentially';

/** Without a word for so long, a sample is given up: the largest search budget is an hour. */
const MAX_SILENCE = 15 * 60 * 1000;

/** Why none of the samples that are left can be explained. */
class Stopped extends Error {}

export interface ExplainAllDependencies extends ExplainDependencies {
  tree: SampleTree;
  log: vscode.LogOutputChannel;
}

/** Explains one sample; true where there is a result. */
async function explainAndWait(
  dependencies: ExplainAllDependencies,
  uri: string,
  signal: AbortSignal,
): Promise<boolean> {
  let end: WorkEnd = 'lost';
  // VS Code closes a document that no editor shows after three minutes, and the work on it ends.
  // A sample that takes longer is therefore shown, and begun again.
  for (const show of [undefined, { preview: true, preserveFocus: true }]) {
    await dependencies.server.ensureRunning();
    if (!dependencies.server.running) throw new Stopped('the server does not run');
    await startExplaining(dependencies, uri, show);
    end = await waitForEnd(dependencies.outcomes, uri, signal, MAX_SILENCE);
    if (end !== 'lost') break;
  }
  if (end === 'cancelled') await dependencies.server.execute(SERVER_COMMANDS.cancel, uri);
  if (end === 'refused') throw new Stopped('the workspace is not trusted');
  return end === 'done';
}

/** The same, where a file that cannot be opened counts as a sample without a result. */
async function tryToExplain(
  dependencies: ExplainAllDependencies,
  uri: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await explainAndWait(dependencies, uri, signal);
  } catch (error) {
    if (error instanceof Stopped) throw error;
    const message = errorMessage(error);
    dependencies.log.warn(`${uri} was not explained: ${message}`);
    dependencies.outcomes.status({ uri, state: 'error', message });
    return false;
  }
}

async function explainSamples(
  dependencies: ExplainAllDependencies,
  samples: readonly Sample[],
  progress: vscode.Progress<{ message: string; increment?: number }>,
  signal: AbortSignal,
): Promise<void> {
  const share = 100 / samples.length;
  const report = await runSequentially(
    samples,
    (sample) => tryToExplain(dependencies, sample.uri, signal),
    ({ taskId, name }, index) => {
      const message = `${index + 1} of ${samples.length}: ${taskId} (${name})`;
      progress.report({ message, increment: index === 0 ? 0 : share });
    },
    signal,
  );
  void vscode.window.showInformationMessage(
    `Token Blame: ${describeReport(report, samples.length)}`,
  );
}

/** The samples below a node, or, without one, all that the view shows. */
async function samplesOf(tree: SampleTree, group?: Group): Promise<readonly Sample[]> {
  if (group) return group.samples;
  const groups = await tree.getChildren();
  return groups.flatMap((node) => ('samples' in node ? node.samples : [node]));
}

/** What ends each of the runs under way. */
const runs = new Set<AbortController>();

/** Ends all of them; the sample in work is stopped, too. */
export function cancelRuns(): void {
  for (const controller of runs) controller.abort();
}

/** Explains what is not known yet of `group`, or of all that the view shows. */
export async function explainAll(
  dependencies: ExplainAllDependencies,
  group?: Group,
): Promise<void> {
  const lookup = (uri: string) => dependencies.outcomes.of(uri);
  const all = await samplesOf(dependencies.tree, group);
  const samples = pendingSamples(all, lookup);
  if (samples.length === 0) {
    void vscode.window.showInformationMessage(`Token Blame: ${whyNothingPending(all)}.`);
    return;
  }
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: 'Token Blame: explaining samples',
    cancellable: true,
  };
  await vscode.window.withProgress(options, async (progress, token) => {
    const controller = new AbortController();
    runs.add(controller);
    token.onCancellationRequested(() => {
      controller.abort();
    });
    try {
      await explainSamples(dependencies, samples, progress, controller.signal);
    } catch (error) {
      const reason = errorMessage(error);
      void vscode.window.showWarningMessage(`Token Blame: the run ended early: ${reason}.`);
    } finally {
      runs.delete(controller);
    }
  });
}

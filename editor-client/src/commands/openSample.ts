/** Opens samples and sees to it that the server works on them. */

import * as vscode from 'vscode';
import type { Outcomes } from '../outcomes/outcomes';
import { SERVER_COMMANDS } from '../protocol/commands';
import type { Sample } from '../samples/sampleFormats';
import type { Server } from '../server/server';

export interface ExplainDependencies {
  server: Pick<Server, 'ensureRunning' | 'execute' | 'running'>;
  outcomes: Outcomes;
}

/** A document that is open already, by its uri. */
function openDocument(uri: string): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri);
}

/** Whether the server explains a document by itself as soon as it is opened. */
const explainsOnOpening = (): boolean =>
  ['type', 'open'].includes(vscode.workspace.getConfiguration('tokenblame').get('run', 'type'));

/**
 * Opens the document and has a server that runs work on it, unless it does already.
 *
 * @param show how an editor is to show it; by default none does
 */
export async function startExplaining(
  { server, outcomes }: ExplainDependencies,
  uri: string,
  show?: vscode.TextDocumentShowOptions,
): Promise<void> {
  const known = openDocument(uri);
  const isRunning = known !== undefined && outcomes.workState(uri) === 'running';
  if (!isRunning) outcomes.requested(uri);
  const document = known ?? (await vscode.workspace.openTextDocument(vscode.Uri.parse(uri, true)));
  if (show) await vscode.window.showTextDocument(document, show);
  // Asking twice would stop the first run and start another.
  const mustAsk = known ? !isRunning : !explainsOnOpening();
  if (mustAsk) await server.execute(SERVER_COMMANDS.explain, uri);
}

/** A sample of the view, opened and explained. */
export async function explainSample(
  dependencies: ExplainDependencies,
  sample: Sample,
): Promise<void> {
  const { server } = dependencies;
  if (sample.lacksPrompt) {
    await openCompletion(server, sample);
    return;
  }
  await server.ensureRunning();
  if (server.running) await startExplaining(dependencies, sample.uri, {});
  else await vscode.window.showTextDocument(vscode.Uri.parse(sample.uri, true));
}

/**
 * Opens a completion as a file with its prompt, which the server has to ask the engine for. Until
 * then its line of the sample file is shown: that keeps the file open.
 */
export async function openCompletion(
  server: ExplainDependencies['server'],
  { group, number }: Sample,
): Promise<void> {
  const line = number - 1;
  const selection = new vscode.Range(line, 0, line, 0);
  const options = { preserveFocus: true, selection };
  await vscode.window.showTextDocument(vscode.Uri.parse(group, true), options);
  await server.ensureRunning();
  await server.execute(SERVER_COMMANDS.openSample, group, { line });
}

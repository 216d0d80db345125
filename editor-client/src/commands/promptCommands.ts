/** Commands that lead from the code of a sample to its prompt and back. */

import * as vscode from 'vscode';
import { SERVER_COMMANDS } from '../protocol/commands';
import { isPrompt } from '../samples/promptDocuments';
import type { Server } from '../server/server';

type CommandServer = Pick<Server, 'ensureRunning' | 'execute'>;

/** As the server calls what it offers in a changed prompt (lsp_server/features/prompt_document.py). */
export const RESTORE_TITLE = 'Restore the prompt as the model saw it';

const showMessage = (text: string): void => {
  void vscode.window.showInformationMessage(`Token Blame: ${text}`);
};

/** The prompt document in the active editor; says so where there is none. */
function activePrompt(): vscode.TextDocument | null {
  const document = vscode.window.activeTextEditor?.document;
  if (document && isPrompt(document.uri)) return document;
  showMessage('open the prompt of a sample first.');
  return null;
}

/** Beside the code where the prompt is a document of its own, else the head of the code. */
export async function showPrompt(
  server: CommandServer,
  document: vscode.TextDocument,
): Promise<void> {
  const code = document.uri.toString();
  await server.ensureRunning();
  const answer = await server.execute(SERVER_COMMANDS.openPrompt, code, { show: false });
  const place = (answer as { uri: string } | null)?.uri;
  if (place === undefined) return; // the server has said why
  const uri = vscode.Uri.parse(place, true);
  if (uri.toString() === code) {
    await server.execute(SERVER_COMMANDS.openPrompt, code);
    return;
  }
  const prompt = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(prompt, { viewColumn: vscode.ViewColumn.Beside });
}

/** The code that answers the prompt in the active editor. */
export async function showCode(server: CommandServer): Promise<void> {
  const prompt = activePrompt();
  if (!prompt) return;
  await server.ensureRunning();
  await server.execute(SERVER_COMMANDS.openCode, prompt.uri.toString());
}

/** Takes back all changes of the prompt in the active editor; the server knows what it was. */
export async function restorePrompt(server: CommandServer): Promise<void> {
  const prompt = activePrompt();
  if (!prompt) return;
  await server.ensureRunning();
  const offered = await vscode.commands.executeCommand<readonly vscode.CodeAction[]>(
    'vscode.executeCodeActionProvider',
    prompt.uri,
    new vscode.Range(0, 0, 0, 0),
  );
  const edit = offered.find(({ title }) => title === RESTORE_TITLE)?.edit;
  if (edit) await vscode.workspace.applyEdit(edit);
  else showMessage('no change of this prompt is known that could be taken back.');
}

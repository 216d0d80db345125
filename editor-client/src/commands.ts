/** The palette commands. */

import * as vscode from 'vscode';
import type { HeatMap } from './heatmap';
import { promptUri, type PromptDocuments } from './prompts';
import type { Server } from './server';
import { namesTask, TASK_ID } from './tasks';

export interface Parts {
  server: Server;
  heatMap: HeatMap;
  prompts: PromptDocuments;
  log: vscode.LogOutputChannel;
}

/** The Python document in the active editor; says so where there is none. */
function activePython(): vscode.TextDocument | null {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.languageId === 'python') return document;
  void vscode.window.showInformationMessage('Token Blame: open a Python sample first.');
  return null;
}

/** Asks which task a file solves whose path does not say it; undefined when given up. */
function askForTask(): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: 'Token Blame: which EvalPlus task does this file solve?',
    placeHolder: 'HumanEval/65',
    prompt: 'Samples in a folder named like the task (HumanEval_65/0.py) need no answer here.',
    validateInput: (text) =>
      TASK_ID.test(text.trim()) ? null : 'A task id looks like HumanEval/65 or Mbpp/2.',
  });
}

async function explain({ server }: Parts): Promise<void> {
  const document = activePython();
  if (!document) return;
  if (!server.running) await server.restart();
  if (namesTask(document.uri.path)) {
    await server.execute('tokenblame.explain', document.uri.toString());
    return;
  }
  const taskId = (await askForTask())?.trim();
  if (!taskId) return;
  await server.execute('tokenblame.explain', document.uri.toString(), { taskId });
}

async function showPrompt({ prompts }: Parts): Promise<void> {
  const document = activePython();
  if (!document) return;
  if (!prompts.has(document.uri)) {
    const hint = 'its prompt is the head of the file itself, or it has not been explained yet.';
    void vscode.window.showInformationMessage(`Token Blame: no separate prompt: ${hint}`);
    return;
  }
  const prompt = await vscode.workspace.openTextDocument(promptUri(document.uri));
  const beside = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
  await vscode.window.showTextDocument(prompt, beside);
}

/** Registers every command of package.json. */
export function registerCommands(parts: Parts): vscode.Disposable {
  const { server, heatMap, log } = parts;
  const commands: Record<string, () => unknown> = {
    explainFile: () => explain(parts),
    cancelAll: () => server.execute('tokenblame.cancel'),
    clearHighlights: () => {
      heatMap.clear();
    },
    showPrompt: () => showPrompt(parts),
    showLog: () => {
      log.show();
    },
    restartServer: () => server.restart(),
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, run]) =>
      vscode.commands.registerCommand(`tokenblame.${name}`, run),
    ),
  );
}

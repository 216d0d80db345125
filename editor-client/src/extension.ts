/** Wires the parts together when VS Code opens a Python file. */

import * as vscode from 'vscode';
import { SECTION } from './client';
import { registerCommands } from './commands';
import { HeatMap } from './heatmap';
import { PromptDocuments } from './prompts';
import { showRelevance } from './relevance';
import { Server } from './server';
import { StatusItem } from './status';

/** Says why no server runs and offers what helps. */
async function reportFailure(message: string, log: vscode.LogOutputChannel): Promise<void> {
  const actions = ['Try again', 'Choose interpreter', 'Show log'] as const;
  const choice = await vscode.window.showErrorMessage(`Token Blame: ${message}`, ...actions);
  if (choice === 'Choose interpreter') {
    const setting = `${SECTION}.python`;
    await vscode.commands.executeCommand('workbench.action.openSettings', setting);
  } else if (choice === 'Try again') {
    await vscode.commands.executeCommand('tokenblame.restartServer');
  } else if (choice === 'Show log') log.show();
}

/** The server follows all other settings by itself. */
function followInterpreter(server: Server): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(`${SECTION}.python`)) void server.restart();
  });
}

/** The server of this window, kept for `deactivate`, which VS Code calls without arguments. */
let server: Server | null = null;

/** Called by VS Code. Returns at once; the server starts meanwhile. */
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Token Blame', { log: true });
  const heatMap = new HeatMap();
  const prompts = new PromptDocuments();
  const status = new StatusItem();
  const started = new Server(log, {
    relevance: (news) => {
      showRelevance(news, heatMap, prompts);
    },
    status: (news) => {
      status.show(news);
    },
    failed: (message) => {
      status.show({ state: 'error', message, uri: null });
      void reportFailure(message, log);
    },
  });
  const trust = vscode.workspace.onDidGrantWorkspaceTrust(() => void started.trustGranted());
  const commands = registerCommands({ server: started, heatMap, prompts, log });
  context.subscriptions.push(log, heatMap, prompts, status, trust, commands);
  context.subscriptions.push(followInterpreter(started));
  server = started;
  void started.restart();
}

/** Called by VS Code, which waits for the server to end. */
export async function deactivate(): Promise<void> {
  await server?.stop();
  server = null;
}

/** Wires the parts together when VS Code opens a Python file, samples or the view of them. */

import * as vscode from 'vscode';
import { registerCommands } from './commands/commands';
import { HeatMap } from './heatmap/heatmap';
import { KeptOutcomes } from './outcomes/keptOutcomes';
import { Outcomes } from './outcomes/outcomes';
import { Panel } from './panel/panel';
import { isSection } from './protocol/webviewMessages';
import { lastModified, watchSamples } from './samples/finder';
import { SampleDocuments } from './samples/sampleDocuments';
import type { Sample } from './samples/sampleFormats';
import { SampleTree, VIEW } from './samples/sampleTree';
import { KeptDiagnostics } from './server/diagnostics';
import { Server } from './server/server';
import { SECTION } from './settings/settings';
import { SelectedPython } from './setup/pythonExtension';
import { pythonSources } from './setup/pythonSources';
import { StatusItem } from './status/statusItem';
import { NotificationRouter } from './wiring/notificationRouter';

/** Says why no server runs and offers what helps. */
async function reportFailure(message: string, log: vscode.LogOutputChannel): Promise<void> {
  const actions = ['Set up Python…', 'Try again', 'Show log'] as const;
  const choice = await vscode.window.showErrorMessage(`Token Blame: ${message}`, ...actions);
  if (choice === 'Set up Python…') await vscode.commands.executeCommand('tokenblame.setUp');
  else if (choice === 'Try again') {
    await vscode.commands.executeCommand('tokenblame.restartServer');
  } else if (choice === 'Show log') log.show();
}

/** The server follows all other settings by itself. */
function followInterpreter(server: Server): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(`${SECTION}.python`)) void server.restart();
  });
}

const isOpen = (uri: string): boolean =>
  vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri);

/**
 * What was known about a changed file, or about the samples of a changed sample file, counts no more. An
 * open document tells the server of its changes, and the server tells us.
 */
async function forgetOutcomes(file: vscode.Uri, samples: Promise<Sample[]>, outcomes: Outcomes) {
  const key = file.toString();
  for (const { uri, group } of await samples) {
    if ((uri === key || group === key) && !isOpen(uri)) outcomes.forget(uri);
  }
}

/** Brings back the outcomes of an earlier window, and keeps those of this one. */
function keepOutcomes(outcomes: Outcomes, memory: vscode.Memento): vscode.Disposable {
  const kept = new KeptOutcomes(outcomes, memory, lastModified);
  void kept.restore();
  const saved = vscode.workspace.onDidSaveTextDocument(
    ({ uri }) => void kept.record(uri.toString()),
  );
  return vscode.Disposable.from(kept, saved);
}

/** The view of samples, which follows the files on disk. */
function showSamples(tree: SampleTree, outcomes: Outcomes): vscode.Disposable {
  const documents = new SampleDocuments();
  const watch = () =>
    watchSamples({
      fileChanged: (uri) => {
        documents.sampleFileChanged(uri);
        void forgetOutcomes(uri, tree.allSamples(), outcomes);
      },
      samplesChanged: () => {
        tree.refresh();
      },
    });
  let watching = watch();
  const view = vscode.window.createTreeView(VIEW, {
    treeDataProvider: tree,
    showCollapseAll: true,
  });
  const pattern = vscode.workspace.onDidChangeConfiguration((event) => {
    if (!event.affectsConfiguration(`${SECTION}.client.jsonl`)) return;
    watching.dispose();
    watching = watch();
    tree.refresh();
  });
  return vscode.Disposable.from(documents, tree, view, pattern, {
    dispose: () => {
      watching.dispose();
    },
  });
}

/** What the server tells goes to `notifications`; why there is none, to the user. */
function createServer(
  context: vscode.ExtensionContext,
  options: ConstructorParameters<typeof Server>[0],
  notifications: NotificationRouter,
  panel: () => Panel,
): Server {
  // A server that runs goes on with its own Python; where none could start, another may help.
  const selection = new SelectedPython(options.log, () => void server.ensureRunning());
  context.subscriptions.push(selection);
  const server = new Server(options, () => pythonSources(context, selection), {
    relevance: (relevance) => {
      notifications.relevance(relevance);
    },
    status: (status) => {
      notifications.status(status);
    },
    report: (report) => void notifications.report(report),
    panel: ({ uri, section }) => {
      if (isSection(section)) panel().open(section, uri);
    },
    ended: () => {
      notifications.serverEnded();
    },
    failed: (message) => {
      notifications.status({ state: 'error', message, uri: null });
      void reportFailure(message, options.log);
    },
  });
  return server;
}

/** The server of this window, kept for `deactivate`, which VS Code calls without arguments. */
let running: Server | null = null;

/** Called by VS Code. Returns at once; the server starts meanwhile. */
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Token Blame', { log: true });
  const outcomes = new Outcomes();
  const heatMap = new HeatMap();
  const status = new StatusItem();
  const notifications = new NotificationRouter({
    heatMap,
    outcomes,
    status,
    panel: () => panel.model,
  });
  const diagnostics = new KeptDiagnostics((uri) => {
    outcomes.testFailed(uri);
  });
  const tree = new SampleTree(outcomes, context.workspaceState, log);
  const started = createServer(context, { log, diagnostics }, notifications, () => panel);
  const panel = new Panel(context.extensionUri, started);
  context.subscriptions.push(
    ...[log, heatMap, status, panel, showSamples(tree, outcomes), followInterpreter(started)],
    keepOutcomes(outcomes, context.workspaceState),
    {
      dispose: () => {
        diagnostics.dispose();
      },
    },
    vscode.workspace.onDidGrantWorkspaceTrust(() => void started.trustGranted()),
    registerCommands({
      context,
      server: started,
      notifications,
      heatMap,
      outcomes,
      tree,
      panel,
      log,
    }),
  );
  running = started;
  void started.restart();
}

/** Called by VS Code, which waits for the server to end. */
export async function deactivate(): Promise<void> {
  await running?.stop();
  running = null;
}

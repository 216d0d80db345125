/** The palette commands. */

import * as vscode from 'vscode';
import type { HeatMap } from '../heatmap/heatmap';
import type { Outcomes } from '../outcomes/outcomes';
import type { Panel } from '../panel/panel';
import { SERVER_COMMANDS, type ServerCommand } from '../protocol/commands';
import type { Sample } from '../samples/sampleFormats';
import { type Group, isGroup, type Node, type SampleTree } from '../samples/sampleTree';
import { hasExamples, namesTask, TASK_ID } from '../samples/tasks';
import type { Server } from '../server/server';
import type { NotificationRouter } from '../wiring/notificationRouter';
import { chooseModel } from './chooseModel';
import { colorCommands } from './colorCommands';
import { cancelRuns, explainAll } from './explainAll';
import { explainSample, openCompletion } from './openSample';
import { restorePrompt, showCode, showPrompt } from './promptCommands';
import { sampleCommands } from './sampleCommands';
import { setUp } from './setUp';
import { showMenu } from './showMenu';

export interface CommandDependencies {
  context: vscode.ExtensionContext;
  server: Server;
  notifications: NotificationRouter;
  heatMap: HeatMap;
  outcomes: Outcomes;
  tree: SampleTree;
  panel: Panel;
  log: vscode.LogOutputChannel;
}

type Commands = Record<string, (argument?: unknown) => unknown>;

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

async function explain({ server }: CommandDependencies): Promise<void> {
  const document = activePython();
  if (!document) return;
  await server.ensureRunning();
  if (namesTask(document.uri.path) || hasExamples(document.getText())) {
    await server.execute(SERVER_COMMANDS.explain, document.uri.toString());
  } else {
    await nameTask(server, document);
  }
}

/** The server remembers the answer for as long as it runs. */
async function nameTask(server: Server, document: vscode.TextDocument | null): Promise<void> {
  const taskId = document && (await askForTask())?.trim();
  if (!taskId) return;
  await server.ensureRunning();
  await server.execute(SERVER_COMMANDS.setTask, document.uri.toString(), { taskId });
}

/** Runs one of the server's commands on the sample in the active editor. */
async function onActive({ server }: CommandDependencies, command: ServerCommand): Promise<void> {
  const document = activePython();
  if (!document) return;
  await server.ensureRunning();
  await server.execute(command, document.uri.toString());
}

/** What concerns the sample in the editor. */
function editorCommands(dependencies: CommandDependencies): Commands {
  return {
    explainFile: () => explain(dependencies),
    nameTask: () => nameTask(dependencies.server, activePython()),
    cancelAll: () => {
      cancelRuns();
      return dependencies.server.execute(SERVER_COMMANDS.cancel);
    },
    clearHighlights: () => {
      dependencies.heatMap.clear();
    },
    showPrompt: () => {
      const document = activePython();
      return document && showPrompt(dependencies.server, document);
    },
    showCode: () => showCode(dependencies.server),
    restorePrompt: () => restorePrompt(dependencies.server),
    goToFault: () => onActive(dependencies, SERVER_COMMANDS.showFault),
    searchFile: () => onActive(dependencies, SERVER_COMMANDS.searchLonger),
    checkFile: () => onActive(dependencies, SERVER_COMMANDS.checkFaithfulness),
    curveFile: () => onActive(dependencies, SERVER_COMMANDS.passCurve),
    reportFile: () => onActive(dependencies, SERVER_COMMANDS.copyReport),
    openPanel: () => {
      dependencies.panel.open('graph');
    },
    repairFile: () => {
      dependencies.panel.open('repair');
    },
    compareFile: () => {
      dependencies.panel.open('compare');
    },
  };
}

/** What concerns server, engine and extension. */
function windowCommands({ context, server, notifications, log }: CommandDependencies): Commands {
  return {
    showLog: () => {
      log.show();
    },
    restartServer: () => server.restart(),
    showMenu: () => showMenu(notifications.engine.summary),
    chooseModel,
    setUp: () => setUp({ context, server, log }),
    openWalkthrough: () =>
      vscode.commands.executeCommand(
        'workbench.action.openWalkthrough',
        `${context.extension.id}#firstSteps`,
        false,
      ),
  };
}

/** Registers every command of package.json. */
export function registerCommands(dependencies: CommandDependencies): vscode.Disposable {
  const commands: Commands = {
    ...editorCommands(dependencies),
    ...windowCommands(dependencies),
    ...colorCommands(dependencies.heatMap),
    ...sampleCommands(dependencies.tree),
    explainAll: (node) => explainAll(dependencies, node as Group | undefined),
    explainSample: (node) => {
      const sample = node as Node | undefined;
      return sample && !isGroup(sample) ? explainSample(dependencies, sample) : undefined;
    },
    openCompletion: (sample) => openCompletion(dependencies.server, sample as Sample),
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, run]) =>
      vscode.commands.registerCommand(`tokenblame.${name}`, run),
    ),
  );
}

/** Helps to a Python that can run the server: makes an environment, or takes the user's. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { errorMessage } from '../protocol/errors';
import type { Server } from '../server/server';
import { SECTION, writeSetting } from '../settings/settings';
import { createEnvironment, findBasePython, interpreterIn } from '../setup/environment';
import type { Observer } from '../setup/processRunner';
import { extensionVersion, managedFolder } from '../setup/pythonSources';

export interface SetUpDependencies {
  context: vscode.ExtensionContext;
  log: vscode.LogOutputChannel;
  server: Server;
}

const DOWNLOAD_PAGE = 'https://www.python.org/downloads/';

async function askForPython(): Promise<void> {
  const message =
    'Token Blame needs Python 3.11 or newer with the venv module, and found none in PATH. ' +
    'On Debian and Ubuntu: apt install python3-venv.';
  const get = 'Get Python';
  if ((await vscode.window.showErrorMessage(message, get)) === get) {
    await vscode.env.openExternal(vscode.Uri.parse(DOWNLOAD_PAGE));
  }
}

/** Makes the environment under a progress notification; true where it is there. */
function createWithProgress(
  { context, log }: SetUpDependencies,
  base: string,
  source: string,
): Thenable<boolean> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: 'Token Blame',
    cancellable: true,
  };
  return vscode.window.withProgress(options, async (progress, token) => {
    const controller = new AbortController();
    token.onCancellationRequested(() => {
      controller.abort();
    });
    const observer: Observer = {
      step: (title) => {
        log.info(title);
        progress.report({ message: `${title} …` });
      },
      line: (line) => {
        log.info(line);
      },
    };
    const plan = { base, folder: managedFolder(context), source, platform: process.platform };
    return createEnvironment(plan, extensionVersion(context), observer, controller.signal);
  });
}

/**
 * Makes the environment while no server runs, since that might run from it; says why it failed.
 *
 * @returns true where it is there
 */
async function replaceEnvironment(
  dependencies: SetUpDependencies,
  base: string,
  source: string,
): Promise<boolean> {
  const { log, server } = dependencies;
  let done = false;
  await server.stop();
  try {
    done = await createWithProgress(dependencies, base, source);
  } catch (error) {
    const reason = errorMessage(error);
    const show = 'Show log';
    void vscode.window.showErrorMessage(`Token Blame: ${reason}`, show).then((choice) => {
      if (choice === show) log.show();
    });
  }
  if (!done) await server.ensureRunning();
  return done;
}

async function makeEnvironment(dependencies: SetUpDependencies): Promise<void> {
  const { context, server } = dependencies;
  const source = join(context.extensionPath, 'out', 'python');
  if (!existsSync(source)) {
    const message = 'this build of the extension carries no Python packages; choose an interpreter';
    void vscode.window.showErrorMessage(`Token Blame: ${message}.`);
    return;
  }
  const base = await findBasePython();
  if (base === null) {
    void askForPython(); // its message may stay unanswered
    return;
  }
  if (!(await replaceEnvironment(dependencies, base, source))) return;
  const named = vscode.workspace.getConfiguration(SECTION).get<string>('python', '');
  // A setting wins over what is found. Writing it restarts the server, unless that fails.
  const path = interpreterIn(managedFolder(context), process.platform);
  if (named && named !== path) {
    await writeSetting('python', path);
    await server.ensureRunning();
  } else await server.restart();
}

/** Whether this window makes the environment now. */
let making = false;

/** One at a time: each begins by emptying the folder. */
async function makeEnvironmentOnce(dependencies: SetUpDependencies): Promise<void> {
  if (making) {
    void vscode.window.showInformationMessage(
      'Token Blame: the environment is being made already.',
    );
    return;
  }
  making = true;
  try {
    await makeEnvironment(dependencies);
  } finally {
    making = false;
  }
}

async function chooseInterpreter(): Promise<void> {
  const [file] =
    (await vscode.window.showOpenDialog({
      title: 'The Python interpreter that has Token Blame installed',
      openLabel: 'Use this interpreter',
    })) ?? [];
  if (file) await writeSetting('python', file.fsPath);
}

/** Asks how to get a Python that can run the server, and does it. */
export async function setUp(dependencies: SetUpDependencies): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    void vscode.window.showInformationMessage(
      'Token Blame: nothing is installed from within an untrusted workspace.',
    );
    return;
  }
  const folder = managedFolder(dependencies.context);
  const items = [
    {
      label: '$(add) Make an environment for Token Blame',
      detail: `Downloads about 2 GB of Python packages, once, into ${folder}`,
      run: () => makeEnvironmentOnce(dependencies),
    },
    {
      label: '$(folder-opened) Choose an interpreter that has it…',
      detail: 'For example .venv/bin/python of a checkout after `make setup`',
      run: () => chooseInterpreter(),
    },
  ];
  const title = 'Token Blame: a Python environment for the server';
  await (await vscode.window.showQuickPick(items, { title }))?.run();
}

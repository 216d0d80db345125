/** The interpreter that the user has selected in the Python extension. */

import { PVSC_EXTENSION_ID, PythonExtension } from '@vscode/python-extension';
import pTimeout from 'p-timeout';
import * as vscode from 'vscode';

/** It discovers environments while it starts; nobody waits longer for that (milliseconds). */
const TIMEOUT = 10_000;

/**
 * Asks the Python extension, where it is installed.
 *
 * It starts interpreters to answer, among them those of the workspace: it must not be asked where
 * the user does not trust the workspace.
 */
export class SelectedPython implements vscode.Disposable {
  private subscription: vscode.Disposable | undefined;

  /** @param onChange called when another interpreter is selected, once this was asked for one */
  constructor(
    private readonly log: vscode.LogOutputChannel,
    private readonly onChange: () => void,
  ) {}

  /** Paths of the interpreters selected for these folders; none where there is no answer. */
  async paths(folders: readonly vscode.WorkspaceFolder[]): Promise<string[]> {
    if (!vscode.extensions.getExtension(PVSC_EXTENSION_ID)) return [];
    try {
      return await pTimeout(this.ask(folders), { milliseconds: TIMEOUT });
    } catch (error) {
      this.log.warn(`The Python extension named no interpreter: ${String(error)}`);
      return [];
    }
  }

  dispose(): void {
    this.subscription?.dispose();
  }

  private async ask(folders: readonly vscode.WorkspaceFolder[]): Promise<string[]> {
    const { environments } = await PythonExtension.api();
    this.subscription ??= environments.onDidChangeActiveEnvironmentPath(this.onChange);
    const selected = await Promise.all(
      folders.map((folder) =>
        environments.resolveEnvironment(environments.getActiveEnvironmentPath(folder)),
      ),
    );
    return selected
      .map((environment) => environment?.executable.uri?.fsPath)
      .filter((path) => path !== undefined);
  }
}

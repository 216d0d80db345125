/** Writes a setting where it takes effect. */

import * as vscode from 'vscode';
import { errorMessage } from '../protocol/errors';

/** The section of all our settings. */
export const SECTION = 'tokenblame';

/** What VS Code says about where a setting comes from. */
interface Sources {
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
}

/** The user's own settings, unless the workspace says something else: that would win. */
function target({ workspaceValue, workspaceFolderValue }: Sources): vscode.ConfigurationTarget {
  if (workspaceFolderValue !== undefined) return vscode.ConfigurationTarget.WorkspaceFolder;
  if (workspaceValue !== undefined) return vscode.ConfigurationTarget.Workspace;
  return vscode.ConfigurationTarget.Global;
}

/** Sets `tokenblame.NAME`. Says so where it cannot be written. */
export async function writeSetting(name: string, value: unknown): Promise<void> {
  const section = vscode.workspace.getConfiguration(SECTION);
  try {
    await section.update(name, value, target(section.inspect(name) ?? {}));
  } catch (error) {
    const reason = errorMessage(error);
    void vscode.window.showErrorMessage(
      `Token Blame: ${SECTION}.${name} was not written: ${reason}`,
    );
  }
}

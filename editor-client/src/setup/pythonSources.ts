/** Where the interpreters of this window may come from. */

import { join } from 'node:path';
import * as vscode from 'vscode';
import { SECTION } from '../settings/settings';
import { installedVersion, interpreterIn } from './environment';
import type { ManagedEnvironment, PythonSources } from './pythonCandidates';
import type { SelectedPython } from './pythonExtension';

/** The folder for an environment of our own, in the extension's own storage. */
export const managedFolder = (context: vscode.ExtensionContext): string =>
  join(context.globalStorageUri.fsPath, 'python');

export function extensionVersion(context: vscode.ExtensionContext): string {
  const { version } = context.extension.packageJSON as { version: string };
  return version;
}

function managedEnvironment(context: vscode.ExtensionContext): ManagedEnvironment | null {
  const folder = managedFolder(context);
  const installed = installedVersion(folder);
  if (installed === null) return null;
  const path = interpreterIn(folder, process.platform);
  return { path, installedVersion: installed, requiredVersion: extensionVersion(context) };
}

/** Read anew before each start, as settings and trust may have changed. */
export async function pythonSources(
  context: vscode.ExtensionContext,
  selection: SelectedPython,
): Promise<PythonSources> {
  const setting = vscode.workspace.getConfiguration(SECTION).inspect<string>('python');
  const trusted = vscode.workspace.isTrusted;
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(
    ({ uri }) => uri.scheme === 'file',
  );
  return {
    trusted,
    userSetting: setting?.globalValue ?? '',
    workspaceSetting: setting?.workspaceFolderValue ?? setting?.workspaceValue ?? '',
    selected: trusted ? await selection.paths(folders) : [],
    folders: folders.map(({ uri }) => uri.fsPath),
    managed: managedEnvironment(context),
    platform: process.platform,
  };
}

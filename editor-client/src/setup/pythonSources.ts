/** Where the interpreters of this window may come from. */

import { join } from 'node:path';
import * as vscode from 'vscode';
import { SECTION } from '../settings/settings';
import { installedVersion, interpreterIn } from './environment';
import type { ManagedEnvironment, PythonSources } from './python';

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
export function pythonSources(context: vscode.ExtensionContext): PythonSources {
  const setting = vscode.workspace.getConfiguration(SECTION).inspect<string>('python');
  return {
    trusted: vscode.workspace.isTrusted,
    userSetting: setting?.globalValue ?? '',
    workspaceSetting: setting?.workspaceFolderValue ?? setting?.workspaceValue ?? '',
    folders: (vscode.workspace.workspaceFolders ?? [])
      .filter((folder) => folder.uri.scheme === 'file')
      .map((folder) => folder.uri.fsPath),
    managed: managedEnvironment(context),
    platform: process.platform,
  };
}

/** The interpreters that may run the server, in the order in which they are tried. */

import { join } from 'node:path';

/** An environment that the extension has made: its interpreter and what it holds. */
export interface ManagedEnvironment {
  path: string;
  /** Version of the Python packages in it. */
  installedVersion: string;
  /** Version that this extension needs. */
  requiredVersion: string;
}

/** Where an interpreter may come from; workspace values count in trusted workspaces only. */
export interface PythonSources {
  trusted: boolean;
  /** `tokenblame.python` in the user's own settings. */
  userSetting: string;
  /** `tokenblame.python` in the settings of the workspace or one of its folders. */
  workspaceSetting: string;
  /** Interpreters that the Python extension has selected for the workspace's folders. */
  selected: readonly string[];
  /** Paths of the workspace's folders. */
  folders: readonly string[];
  /** The environment that the extension has made for itself, where there is one. */
  managed: ManagedEnvironment | null;
  platform: NodeJS.Platform;
}

/** One interpreter to try; `required`: the user named it, so no other is tried. */
export interface PythonCandidate {
  path: string;
  required: boolean;
}

/**
 * The interpreters to try, in order.
 *
 * A workspace can bring an interpreter of its own, as a setting or as `.venv`. Starting it runs
 * whatever the workspace put there, so all of these are left out until the user trusts it. `.venv`
 * is looked for by ourselves as well, since not every window has the Python extension.
 */
export function pythonCandidates(sources: PythonSources): PythonCandidate[] {
  const setting =
    (sources.trusted && sources.workspaceSetting.trim()) || sources.userSetting.trim();
  if (setting) return [{ path: setting, required: true }];
  const windows = sources.platform === 'win32';
  const inVenv = windows ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const ofWorkspace = sources.trusted
    ? [...sources.selected, ...sources.folders.map((folder) => join(folder, '.venv', ...inVenv))]
    : [];
  const managed = sources.managed ? [sources.managed.path] : [];
  const paths = new Set([...ofWorkspace, ...managed, windows ? 'python' : 'python3']);
  return [...paths].map((path) => ({ path, required: false }));
}

/** Which Python runs the server, and whether it can. Nothing here needs VS Code. */

import { execFile } from 'node:child_process';
import { isAbsolute, join, parse } from 'node:path';

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

/** Why an interpreter cannot run the server, as a sentence, and what helps. */
export interface PythonProblem {
  path: string;
  reason: string;
  advice: string;
}

const ABSENT = 'there is no such program';

const INSTALL = 'Install Token Blame into it, or name another in tokenblame.python.';

/**
 * The interpreters to try, in order.
 *
 * A workspace can bring an interpreter of its own, as a setting or as `.venv`. Starting it runs
 * whatever the workspace put there, so both are left out until the user trusts the workspace.
 */
export function pythonCandidates(sources: PythonSources): PythonCandidate[] {
  const setting =
    (sources.trusted && sources.workspaceSetting.trim()) || sources.userSetting.trim();
  if (setting) return [{ path: setting, required: true }];
  const windows = sources.platform === 'win32';
  const inVenv = windows ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const venvs = sources.trusted
    ? sources.folders.map((folder) => join(folder, '.venv', ...inVenv))
    : [];
  const managed = sources.managed ? [sources.managed.path] : [];
  return [...venvs, ...managed, windows ? 'python' : 'python3'].map((path) => ({
    path,
    required: false,
  }));
}

/** Why the environment of an older extension is not used, or null where it may be. */
export function outdatedProblem(
  path: string,
  managed: ManagedEnvironment | null,
): PythonProblem | null {
  if (managed?.path !== path || managed.installedVersion === managed.requiredVersion) return null;
  const reason = `it holds version ${managed.installedVersion}, this extension needs ${managed.requiredVersion}`;
  return { path, reason, advice: 'Set the environment up again.' };
}

/** Turns what Python wrote while failing into a reason and an advice. */
export function explainFailure(path: string, code: string | number, stderr: string): PythonProblem {
  const last = stderr.trim().split('\n').at(-1) ?? '';
  if (code === 'ENOENT') {
    return { path, reason: ABSENT, advice: 'Name one in tokenblame.python.' };
  }
  if (stderr.includes('nknown option')) {
    const advice = 'Name Python 3.11 or newer in tokenblame.python.';
    return { path, reason: 'it is older than Python 3.11', advice };
  }
  const missing = /No module named '([^']+)'/.exec(last);
  if (missing?.[1]) {
    return { path, reason: `it has no module ${missing[1]}`, advice: INSTALL };
  }
  return { path, reason: last || `it ended with ${code}`, advice: INSTALL };
}

/**
 * Where Python runs: never in a workspace, whose files it might import, and not in a folder that
 * may go while the engine, which outlives this window, still stands in it.
 */
export const NEUTRAL_FOLDER = parse(process.execPath).root;

/** `-P` for this process, the variable for those it starts: no import from a working directory. */
const SAFE = '-P';
export const safeEnvironment = (): NodeJS.ProcessEnv => ({ ...process.env, PYTHONSAFEPATH: '1' });

/** The arguments that make Python the language server. */
export const SERVER_ARGS: readonly string[] = [SAFE, '-m', 'lsp_server'];

/** What the engine needs is looked for and not imported, which would take seconds. */
const CHECK = `import lsp_server, pygls
from importlib.util import find_spec
for name in ("torch", "transformers", "evalplus"):
    if find_spec(name) is None:
        raise ModuleNotFoundError(f"No module named {name!r}")`;

/**
 * Asks the interpreter itself whether the server can be imported, and whether the engine is there.
 *
 * @returns null when all is well
 */
export function checkPython(path: string, cwd = NEUTRAL_FOLDER): Promise<PythonProblem | null> {
  if (!isAbsolute(path) && /[/\\]/.test(path)) {
    const advice = 'Give its whole path in tokenblame.python.';
    return Promise.resolve({ path, reason: 'it is a relative path', advice });
  }
  return new Promise((resolve) => {
    const args = [SAFE, '-c', CHECK];
    execFile(path, args, { cwd, timeout: 30_000 }, (error, _stdout, stderr) => {
      if (!error) resolve(null);
      else if (error.killed) {
        const advice = 'Try again, or name another in tokenblame.python.';
        resolve({ path, reason: 'it did not answer within 30 seconds', advice });
      } else resolve(explainFailure(path, error.code ?? 'an error', stderr));
    });
  });
}

/** The first interpreter that can run the server, or what is wrong with each. */
export async function findPython(
  sources: PythonSources,
): Promise<{ path: string } | { problems: PythonProblem[] }> {
  const problems: PythonProblem[] = [];
  for (const candidate of pythonCandidates(sources)) {
    const problem =
      outdatedProblem(candidate.path, sources.managed) ?? (await checkPython(candidate.path));
    if (!problem) return { path: candidate.path };
    problems.push(problem);
  }
  return { problems };
}

/** One message about the interpreters that failed; absent ones only where all are absent. */
export function describeProblems(problems: readonly PythonProblem[]): string {
  const present = problems.filter(({ reason }) => reason !== ABSENT);
  return (present.length > 0 ? present : problems)
    .map(({ path, reason, advice }) => `${path} cannot run the server: ${reason}. ${advice}`)
    .join(' ');
}

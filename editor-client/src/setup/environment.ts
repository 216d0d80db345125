/** Makes a Python environment of our own and installs the server into it. Needs no VS Code. */

import { execFile } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { NEUTRAL_FOLDER, safeEnvironment } from './isolation';
import { type Observer, ProcessFailed, runProcesses, type Step } from './processRunner';

/** The interpreter of the environment in `folder`. */
export function interpreterIn(folder: string, platform: NodeJS.Platform): string {
  return platform === 'win32'
    ? join(folder, 'Scripts', 'python.exe')
    : join(folder, 'bin', 'python');
}

/** Written last: an environment without it is not complete. */
const STAMP = '.tokenblame-version';

/** The version that was installed into `folder`, or null where that was never finished. */
export function installedVersion(folder: string): string | null {
  try {
    return readFileSync(join(folder, STAMP), 'utf8').trim();
  } catch {
    return null;
  }
}

/** What the environment is made of. */
export interface EnvironmentPlan {
  /** An interpreter, 3.11 or newer. */
  base: string;
  /** Where the environment goes. */
  folder: string;
  /** The sources of the Python packages, with `constraints.txt`: a folder of the extension. */
  source: string;
  platform: NodeJS.Platform;
}

/** The steps in order. The packages come with the extension, their dependencies from PyPI. */
export function installSteps({ base, folder, source, platform }: EnvironmentPlan): Step[] {
  const install = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', source];
  return [
    {
      title: 'Creating the environment',
      program: base,
      args: ['-P', '-m', 'venv', '--clear', folder],
    },
    {
      title: 'Installing Token Blame and what it needs (about 2 GB)',
      program: interpreterIn(folder, platform),
      args: ['-P', ...install],
      // As a variable it holds for what builds the package too, which pip does in isolation. As
      // a URL, since pip splits the variable at spaces.
      environment: { PIP_CONSTRAINT: pathToFileURL(join(source, 'constraints.txt')).href },
    },
  ];
}

/** After so long a lock was left behind by a window that was killed (milliseconds). */
const MAX_LOCK_AGE = 60 * 60 * 1000;

function isOld(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > MAX_LOCK_AGE;
  } catch {
    return false;
  }
}

/**
 * Keeps other windows, which share the folder, from making it at the same time.
 *
 * @returns what gives it free again; throws ProcessFailed where another window makes it
 */
export function lockFolder(folder: string): () => void {
  const path = `${folder}.lock`;
  mkdirSync(dirname(folder), { recursive: true });
  if (isOld(path)) rmSync(path, { force: true });
  try {
    closeSync(openSync(path, 'wx'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new ProcessFailed('another window is making the environment; wait for it');
  }
  return () => {
    rmSync(path, { force: true });
  };
}

/**
 * Makes the environment and marks it as holding `version`.
 *
 * @returns false where `signal` ended it; throws ProcessFailed where a step failed
 */
export async function createEnvironment(
  plan: EnvironmentPlan,
  version: string,
  observer: Observer,
  signal: AbortSignal,
): Promise<boolean> {
  const release = lockFolder(plan.folder);
  try {
    rmSync(join(plan.folder, STAMP), { force: true });
    const done = await runProcesses(installSteps(plan), observer, signal);
    if (done) writeFileSync(join(plan.folder, STAMP), `${version}\n`);
    return done;
  } finally {
    release();
  }
}

const CREATE_CHECK = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))';

/** Whether an interpreter is new enough and can make environments. */
function canCreateEnvironment(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { cwd: NEUTRAL_FOLDER, env: safeEnvironment(), timeout: 30_000 };
    execFile(path, ['-I', '-c', CREATE_CHECK], options, (error) => {
      resolve(!error);
    });
  });
}

/** Interpreters that PATH may hold. */
export const BASE_CANDIDATES: readonly string[] = [
  'python3',
  'python3.13',
  'python3.12',
  'python3.11',
  'python',
];

/** The first of them that can make an environment for the server, or null. */
export async function findBasePython(
  candidates: readonly string[] = BASE_CANDIDATES,
): Promise<string | null> {
  for (const path of candidates) {
    if (await canCreateEnvironment(path)) return path;
  }
  return null;
}

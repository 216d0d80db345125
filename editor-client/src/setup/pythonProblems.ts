/** Why an interpreter cannot run the server, and what helps. */

import type { ManagedEnvironment } from './pythonCandidates';

/** Why an interpreter cannot run the server, as a sentence, and what helps. */
export interface PythonProblem {
  path: string;
  reason: string;
  advice: string;
}

const ABSENT = 'there is no such program';

const INSTALL = 'Install Token Blame into it, or name another in tokenblame.python.';

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

/** One message about the interpreters that failed; absent ones only where all are absent. */
export function describeProblems(problems: readonly PythonProblem[]): string {
  const present = problems.filter(({ reason }) => reason !== ABSENT);
  return (present.length > 0 ? present : problems)
    .map(({ path, reason, advice }) => `${path} cannot run the server: ${reason}. ${advice}`)
    .join(' ');
}

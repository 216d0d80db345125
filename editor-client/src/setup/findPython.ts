/** Finds the Python that runs the server, and asks it whether it can. Needs no VS Code. */

import { execFile } from 'node:child_process';
import { isAbsolute } from 'node:path';
import { NEUTRAL_FOLDER, SAFE_PATH } from './isolation';
import { pythonCandidates, type PythonSources } from './pythonCandidates';
import { explainFailure, outdatedProblem, type PythonProblem } from './pythonProblems';

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
    const args = [SAFE_PATH, '-c', CHECK];
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

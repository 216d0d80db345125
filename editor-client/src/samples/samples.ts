/** EvalPlus' two forms of samples: files in task folders, and the lines of a `samples.jsonl`. */

import { TASK_ID } from './tasks';

/** One program of the workspace and the task that it is meant to solve. */
export interface Sample {
  /** Of the document that shows it. */
  uri: string;
  taskId: string;
  /** Tells samples of one task apart: `0`, `line 3`. */
  name: string;
  /** Orders samples of one task. */
  number: number;
  /** Uri of the folder or the `samples.jsonl` that holds it. */
  group: string;
  /**
   * A completion without the task's prompt. The server makes a file with both, which opens and is
   * explained; of the line itself it tells no outcome.
   */
  lacksPrompt: boolean;
}

const FILE = /^(.*)\/(HumanEval|Mbpp)_(\d+)\/([^/]+)\.py$/;

/** What the path of a sample file says, or null where it is none: `…/HumanEval_65/0.py`. */
export function readPath(
  path: string,
): { folder: string; taskId: string; name: string; number: number } | null {
  const [, folder, dataset, task, name] = FILE.exec(path) ?? [];
  if (folder === undefined || task === undefined || name === undefined) return null;
  const number = /^\d+$/.test(name) ? Number(name) : Number.MAX_SAFE_INTEGER;
  return { folder: folder || '/', taskId: `${dataset}/${Number(task)}`, name, number };
}

/** One line of a `samples.jsonl`. */
export interface Line {
  /** Counted from 1, as editors do. */
  number: number;
  taskId: string;
  code: string;
  lacksPrompt: boolean;
}

function readLine(text: string, number: number): Line | null {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof row !== 'object' || row === null) return null;
  const { task_id: taskId, solution, completion } = row as Record<string, unknown>;
  if (typeof taskId !== 'string' || !TASK_ID.test(taskId)) return null;
  if (typeof solution === 'string') return { number, taskId, code: solution, lacksPrompt: false };
  if (typeof completion !== 'string') return null;
  return { number, taskId, code: completion, lacksPrompt: true };
}

/** The samples of a `samples.jsonl`; lines that hold none are left out. */
export function readLines(text: string): Line[] {
  return text
    .split('\n')
    .map((line, index) => (line.trim() ? readLine(line, index + 1) : null))
    .filter((line) => line !== null);
}

/** The sample in line `number`, or null where there is none. */
export function lineAt(text: string, number: number): Line | null {
  const line = text.split('\n')[number - 1];
  return line === undefined ? null : readLine(line, number);
}

/**
 * The path of the document for a line: like that of a sample file, so that server and extension
 * read the task from it. A completion gets another, as its text alone is no sample.
 */
export function pathOfLine(file: string, line: Line): string {
  const folder = line.taskId.replace('/', '_');
  return `${file}/${folder}${line.lacksPrompt ? '.completion' : ''}/${line.number}.py`;
}

/** The file and the line that such a path stands for. */
export function lineOfPath(path: string): { file: string; number: number } | null {
  const [, file, number] =
    /^(.*)\/(?:HumanEval|Mbpp)_\d+(?:\.completion)?\/(\d+)\.py$/.exec(path) ?? [];
  return file === undefined ? null : { file, number: Number(number) };
}

/** EvalPlus' two forms of samples: files in task folders, and sample files (`samples.jsonl`). */

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

const TASK_PATH = /^(.*)\/(HumanEval|Mbpp)_(\d+)\/([^/]+)\.py$/;

/** What a path in a task folder says, or null where it is none: `…/HumanEval_65/0.py`. */
export function parseTaskPath(
  path: string,
): { folder: string; taskId: string; name: string; number: number } | null {
  const [, folder, dataset, task, name] = TASK_PATH.exec(path) ?? [];
  if (folder === undefined || task === undefined || name === undefined) return null;
  const number = /^\d+$/.test(name) ? Number(name) : Number.MAX_SAFE_INTEGER;
  return { folder: folder || '/', taskId: `${dataset}/${Number(task)}`, name, number };
}

/** One sample of a sample file (`samples.jsonl`). */
export interface ParsedSample {
  /** The line of the file that holds it, counted from 1 as editors do. */
  line: number;
  taskId: string;
  code: string;
  lacksPrompt: boolean;
}

function parseSample(text: string, line: number): ParsedSample | null {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof record !== 'object' || record === null) return null;
  const { task_id: taskId, solution, completion } = record as Record<string, unknown>;
  if (typeof taskId !== 'string' || !TASK_ID.test(taskId)) return null;
  if (typeof solution === 'string') return { line, taskId, code: solution, lacksPrompt: false };
  if (typeof completion !== 'string') return null;
  return { line, taskId, code: completion, lacksPrompt: true };
}

/** The samples of a sample file; lines that hold none are left out. */
export function parseSampleFile(text: string): ParsedSample[] {
  return text
    .split('\n')
    .map((text, index) => (text.trim() ? parseSample(text, index + 1) : null))
    .filter((sample) => sample !== null);
}

/** The sample in a line of a sample file, or null where there is none. */
export function sampleAtLine(text: string, line: number): ParsedSample | null {
  const record = text.split('\n')[line - 1];
  return record === undefined ? null : parseSample(record, line);
}

/**
 * The path of the document that shows a sample of the sample file `file`: like that of a file in a
 * task folder, so that server and extension read the task from it. A completion gets another, as
 * its text alone is no sample.
 */
export function samplePath(file: string, { taskId, line, lacksPrompt }: ParsedSample): string {
  return `${file}/${taskId.replace('/', '_')}${lacksPrompt ? '.completion' : ''}/${line}.py`;
}

/** The sample file and the line that such a path stands for. */
export function parseSamplePath(path: string): { file: string; line: number } | null {
  const [, file, line] =
    /^(.*)\/(?:HumanEval|Mbpp)_\d+(?:\.completion)?\/(\d+)\.py$/.exec(path) ?? [];
  return file === undefined ? null : { file, line: Number(line) };
}

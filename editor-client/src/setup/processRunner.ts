/** Runs programs one after another, and tells what they say. Needs no VS Code. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { NEUTRAL_FOLDER, safeEnvironment } from './isolation';

/** One program to run, and what it does in words. */
export interface Step {
  title: string;
  program: string;
  args: readonly string[];
  environment?: Readonly<Record<string, string>>;
}

/** A step went wrong; the message ends in the last words of the program. */
export class ProcessFailed extends Error {}

/** Told what happens. */
export interface Observer {
  step: (title: string) => void;
  line: (line: string) => void;
}

/** Runs one program to its end, and ends it with all its children when `signal` says so. */
function runStep(step: Step, observer: Observer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let last = '';
    const child = spawn(step.program, step.args, {
      cwd: NEUTRAL_FOLDER,
      env: { ...safeEnvironment(), ...step.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => {
        if (line.trim()) last = line.trim();
        observer.line(line);
      });
    }
    const stop = (): void => {
      if (child.pid === undefined) return;
      // The group, as pip starts programs of its own.
      if (process.platform === 'win32') child.kill();
      else process.kill(-child.pid);
    };
    signal.addEventListener('abort', stop);
    child.on('error', (error) => {
      reject(new ProcessFailed(`${step.title}: ${error.message}`));
    });
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      if (code === 0) resolve();
      else reject(new ProcessFailed(`${step.title} failed: ${last || `code ${String(code)}`}`));
    });
  });
}

/** Runs steps in order until one fails or `signal` ends it; true where all were done. */
export async function runProcesses(
  planned: readonly Step[],
  observer: Observer,
  signal: AbortSignal,
): Promise<boolean> {
  // A function, as the answer changes while a step goes on.
  const stopped = (): boolean => signal.aborted;
  for (const step of planned) {
    if (stopped()) return false;
    observer.step(step.title);
    try {
      await runStep(step, observer, signal);
    } catch (error) {
      if (stopped()) return false;
      throw error;
    }
  }
  return true;
}

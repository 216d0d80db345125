/** How long a server that has been started may take to answer. Needs no VS Code. */

import pTimeout from 'p-timeout';

/** Milliseconds until the first answer; the interpreter has imported the server once before. */
export const START_TIMEOUT_MS = 30_000;

/** No server came of it; the message says why, as a sentence. */
export class StartFailed extends Error {}

/** It may answer some day, but hangs for all that one can tell. */
export class NoAnswer extends StartFailed {}

/** Nobody waits for this start any more: another one, or the end, takes its place. */
export class StartAbandoned extends StartFailed {
  constructor() {
    super('It was given up.');
  }
}

/**
 * Waits for the first answer: a server that hangs would otherwise be waited for without an end.
 *
 * @param signal ends the waiting; its reason is thrown
 */
export function firstAnswer(
  start: Promise<void>,
  signal: AbortSignal,
  timeout = START_TIMEOUT_MS,
): Promise<void> {
  const late = new NoAnswer(`It did not answer within ${timeout / 1000} seconds.`);
  return pTimeout(start, { milliseconds: timeout, message: late, signal });
}

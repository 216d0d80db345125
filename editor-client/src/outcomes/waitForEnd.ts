/** Waits until the work on a sample has ended. */

import type { Outcomes, WorkState } from './outcomes';

export type WorkEnd = Exclude<WorkState, 'idle' | 'running'> | 'silent' | 'cancelled';

/**
 * How the work on `uri` ended, once it has.
 *
 * @param silence milliseconds without any notification after which nothing is expected any more
 */
export function waitForEnd(
  outcomes: Outcomes,
  uri: string,
  signal: AbortSignal,
  silence: number,
): Promise<WorkEnd> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const finish = (end: WorkEnd): void => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener('abort', abort);
      resolve(end);
    };
    const abort = (): void => {
      finish('cancelled');
    };
    const check = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        finish('silent');
      }, silence);
      const work = outcomes.workState(uri);
      if (work !== 'idle' && work !== 'running') finish(work);
    };
    const unsubscribe = outcomes.onChange((changed) => {
      if (changed === uri) check();
    });
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    else check();
  });
}

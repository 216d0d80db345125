/** Waits until the work on a sample has ended. */

import type { Outcomes, Work } from './outcomes';

export type End = Exclude<Work, 'idle' | 'running'> | 'silent' | 'cancelled';

/**
 * How the work on `uri` ended, once it has.
 *
 * @param silence milliseconds without any news after which nothing is expected any more
 */
export function ended(
  outcomes: Outcomes,
  uri: string,
  signal: AbortSignal,
  silence: number,
): Promise<End> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const finish = (end: End): void => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener('abort', abort);
      resolve(end);
    };
    const abort = (): void => {
      finish('cancelled');
    };
    const look = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        finish('silent');
      }, silence);
      const work = outcomes.workOn(uri);
      if (work !== 'idle' && work !== 'running') finish(work);
    };
    const unsubscribe = outcomes.onChange((changed) => {
      if (changed === uri) look();
    });
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    else look();
  });
}

/** Works on many things one after another; one that fails does not stop the others. */

export interface SequenceReport {
  done: number;
  failed: number;
  /** Whether it was told to stop before the end. */
  cancelled: boolean;
}

/**
 * Calls `work` on each item in turn.
 *
 * @param begin told before each item, with its index
 * @param signal ends it: no further item is begun, and `work` is told by the same signal
 */
export async function runSequentially<T>(
  items: readonly T[],
  work: (item: T, signal: AbortSignal) => Promise<boolean>,
  begin: (item: T, index: number) => void,
  signal: AbortSignal,
): Promise<SequenceReport> {
  const report: SequenceReport = { done: 0, failed: 0, cancelled: false };
  // A function, as the answer changes while `work` goes on.
  const stopped = (): boolean => signal.aborted;
  for (const [index, item] of items.entries()) {
    if (stopped()) break;
    begin(item, index);
    const succeeded = await work(item, signal);
    if (stopped()) break;
    report[succeeded ? 'done' : 'failed'] += 1;
  }
  report.cancelled = report.done + report.failed < items.length;
  return report;
}

/** The report as a sentence. */
export function describeReport({ done, failed, cancelled }: SequenceReport, total: number): string {
  const parts = [`${done} of ${total} samples explained`];
  if (failed > 0) parts.push(`${failed} could not be`);
  if (cancelled) parts.push('the others were left out');
  return `${parts.join(', ')}.`;
}

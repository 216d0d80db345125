/** How long to wait before a crashed server is started again. */

const REMEMBERED_MS = 3 * 60 * 1000;
const MAX_CRASHES = 5;
const FIRST_DELAY_MS = 500;

/** Remembers recent crashes. */
export class Crashes {
  private times: number[] = [];

  /**
   * Counts a crash at time `now` (milliseconds).
   *
   * @returns milliseconds to wait, twice as long each time; null after too many in three minutes
   */
  restartDelay(now: number): number | null {
    this.times = [...this.times.filter((time) => now - time < REMEMBERED_MS), now];
    if (this.times.length > MAX_CRASHES) return null;
    return FIRST_DELAY_MS * 2 ** (this.times.length - 1);
  }

  /** Forgets them, as after a restart that the user asked for. */
  reset(): void {
    this.times = [];
  }
}

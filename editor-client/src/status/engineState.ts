/** What server and engine are doing, summed up over all documents. */

import type { Status } from '../protocol/serverMessages';

export interface Summary {
  state: Status['state'];
  message: string;
  /** Documents that are being explained. */
  busy: number;
}

export class EngineState {
  /** The last message about each document in work. */
  private readonly working = new Map<string, string>();
  private last: Summary = { state: 'starting', message: '', busy: 0 };

  get summary(): Summary {
    return this.last;
  }

  /** Takes one status in: work that ended on one document may go on on another. */
  update({ state, message, uri }: Status): Summary {
    if (uri !== null) {
      this.working.delete(uri);
      if (state === 'computing') this.working.set(uri, message);
    }
    const others = [...this.working.values()].at(-1);
    this.last =
      others !== undefined && state !== 'starting'
        ? { state: 'computing', message: others, busy: this.working.size }
        : { state, message, busy: this.working.size };
    return this.last;
  }

  /** Nobody works on a document any more, which has been edited or closed. */
  workEnded(uri: string): Summary {
    return this.working.has(uri)
      ? this.update({ state: 'ready', message: 'Stopped.', uri })
      : this.last;
  }

  /** The server has ended, and all work with it. */
  serverEnded(): void {
    this.working.clear();
  }
}

/**
 * The latest result of every document, and which of two results to show.
 *
 * A server that starts anew knows nothing and tells what it finds bit by bit. What an earlier one
 * had found about the same version is shown until the new one knows as much, or has finished.
 */

import type { Relevance } from '../protocol/serverMessages';

/** How far an explanation has come: nothing, a proved pair, a heat map. */
function completeness({ pair, spans }: Relevance): number {
  if (spans.length > 0) return 2;
  return pair ? 1 : 0;
}

export class LatestResults {
  private readonly shown = new Map<string, Relevance>();
  /** Documents whose shown result is of a server that has ended. */
  private readonly inherited = new Set<string>();
  /** What the new server has said about them so far. */
  private readonly pending = new Map<string, Relevance>();

  /** Takes a result in. Answers what is to be shown now; null: leave everything as it is. */
  accept(result: Relevance): Relevance | null {
    const { uri } = result;
    if (result.state !== 'computed') {
      this.shown.delete(uri);
      this.release(uri);
      return result;
    }
    const older = this.shown.get(uri);
    const inherited = this.inherited.has(uri) && older?.version === result.version;
    if (inherited && completeness(result) < completeness(older)) {
      this.pending.set(uri, result);
      return null;
    }
    this.release(uri);
    this.shown.set(uri, result);
    return result;
  }

  /** The work on a document has ended well: what the new server found counts, however little. */
  workFinished(uri: string): Relevance | null {
    const result = this.pending.get(uri);
    if (!result) return null;
    this.release(uri);
    this.shown.set(uri, result);
    return result;
  }

  /** The server has ended; its results stay. */
  serverEnded(): void {
    this.pending.clear();
    for (const uri of this.shown.keys()) this.inherited.add(uri);
  }

  private release(uri: string): void {
    this.inherited.delete(uri);
    this.pending.delete(uri);
  }
}

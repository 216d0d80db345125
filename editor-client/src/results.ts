/**
 * The latest result of every document, and which of two results to show.
 *
 * A server that starts anew knows nothing and tells what it finds bit by bit. What an earlier one
 * had found about the same version is shown until the new one knows as much, or has finished.
 */

import type { Relevance } from './protocol';

/** How far an explanation has come: nothing, a proved pair, a heat map. */
function detail({ pair, spans }: Relevance): number {
  if (spans.length > 0) return 2;
  return pair ? 1 : 0;
}

export class Results {
  private readonly shown = new Map<string, Relevance>();
  /** Documents whose shown result is of a server that has ended. */
  private readonly inherited = new Set<string>();
  /** What the new server has said about them so far. */
  private readonly waiting = new Map<string, Relevance>();

  /** Takes news in. Answers what is to be shown now; null: leave everything as it is. */
  take(news: Relevance): Relevance | null {
    const { uri } = news;
    if (news.state !== 'computed') {
      this.shown.delete(uri);
      this.release(uri);
      return news;
    }
    const older = this.shown.get(uri);
    const kept = this.inherited.has(uri) && older?.version === news.version;
    if (kept && detail(news) < detail(older)) {
      this.waiting.set(uri, news);
      return null;
    }
    this.release(uri);
    this.shown.set(uri, news);
    return news;
  }

  /** The work on a document has ended well: what the new server found counts, however little. */
  finished(uri: string): Relevance | null {
    const news = this.waiting.get(uri);
    if (!news) return null;
    this.release(uri);
    this.shown.set(uri, news);
    return news;
  }

  /** The server has ended; its results stay. */
  serverGone(): void {
    this.waiting.clear();
    for (const uri of this.shown.keys()) this.inherited.add(uri);
  }

  private release(uri: string): void {
    this.inherited.delete(uri);
    this.waiting.delete(uri);
  }
}

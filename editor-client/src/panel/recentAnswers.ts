/** The last few answers that were computed, one for each document. */

export class RecentAnswers<T> {
  private readonly entries = new Map<string, { key: string; value: T }>();

  constructor(private readonly capacity: number) {}

  /** The answer of a document that is kept under `key`; else a new one, kept from now on. */
  get(uri: string, key: string, make: () => T): T {
    const entry = this.entries.get(uri);
    const value = entry?.key === key ? entry.value : make();
    this.entries.delete(uri);
    this.entries.set(uri, { key, value });
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= this.capacity) break;
      this.entries.delete(oldest);
    }
    return value;
  }

  forget(uri: string): void {
    this.entries.delete(uri);
  }
}

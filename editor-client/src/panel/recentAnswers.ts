/** The last few things that were computed, each for one document and what it is about. */

export class RecentAnswers<T> {
  private readonly held = new Map<string, { about: string; value: T }>();

  constructor(private readonly most: number) {}

  /** What is kept about this very thing; else a new one, which is kept from now on. */
  get(uri: string, about: string, make: () => T): T {
    const found = this.held.get(uri);
    const value = found?.about === about ? found.value : make();
    this.held.delete(uri);
    this.held.set(uri, { about, value });
    for (const oldest of this.held.keys()) {
      if (this.held.size <= this.most) break;
      this.held.delete(oldest);
    }
    return value;
  }

  forget(uri: string): void {
    this.held.delete(uri);
  }
}

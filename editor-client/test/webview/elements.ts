/** A page in memory: elements that remember what was put into them. */

export type Child = FakeElement | string;

export class FakeElement {
  readonly style: Record<string, string> = {};
  readonly dataset: Record<string, string> = {};
  private children: Child[] = [];

  constructor(readonly tag: string) {}

  get text(): string {
    return this.children.map((child) => (typeof child === 'string' ? child : child.text)).join('');
  }

  /** Elements and texts, in the order of the page. */
  get childNodes(): readonly Child[] {
    return this.children;
  }

  /** The elements of a kind, in the order of the page. */
  all(tag: string): FakeElement[] {
    const within = this.children.flatMap((child) =>
      typeof child === 'string' ? [] : child.all(tag),
    );
    return this.tag === tag ? [this, ...within] : within;
  }

  append(...children: Child[]): void {
    this.children.push(...children);
  }

  replaceChildren(...children: Child[]): void {
    this.children = children;
  }

  addEventListener(): void {
    // Nobody clicks here.
  }
}

Object.assign(globalThis, {
  document: { createElement: (tag: string) => new FakeElement(tag) },
  acquireVsCodeApi: () => ({ postMessage: ignore, setState: ignore }),
});

function ignore(): void {
  // Nobody listens.
}

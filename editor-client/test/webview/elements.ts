/**
 * A page in memory, in the place of the drawing code (`graph-view`): elements that remember what
 * was put into them.
 */

type Child = FakeElement | string;

export class FakeElement {
  readonly style: Record<string, string> = {};
  readonly dataset: Record<string, string> = {};
  private children: Child[] = [];

  constructor(readonly tag: string) {}

  get text(): string {
    return this.children.map((child) => (typeof child === 'string' ? child : child.text)).join('');
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

export function make(tag: string, properties: object, ...children: Child[]): FakeElement {
  const made = Object.assign(new FakeElement(tag), properties);
  made.append(...children);
  return made;
}

export const signed = (value: number): string => value.toFixed(2);
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
export const visible = (text: string): string => text;

Object.assign(globalThis, { acquireVsCodeApi: () => ({ postMessage: make, setState: make }) });

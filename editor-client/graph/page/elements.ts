/** The elements of the page. */

type Child = Node | string | null;

/** An element; properties are set, children are appended, strings as text. */
export function make<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  properties: object,
  ...children: Child[]
): HTMLElementTagNameMap[T] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** The element of graph.html with that id. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element #${id}.`);
  return element;
}

export function input(id: string): HTMLInputElement {
  return byId(id) as HTMLInputElement;
}

export function canvas(id: string): HTMLCanvasElement {
  return byId(id) as HTMLCanvasElement;
}

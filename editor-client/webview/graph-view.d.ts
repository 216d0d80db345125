/** The drawing code of attribution/graphs/web, as scripts/graph-view.mjs makes it a module. */
declare module 'graph-view' {
  /** Shows a graph (the JSON of `tokenblame graph --json`) in the elements of graph.html. */
  export function openGraph(data: unknown): void;

  /** An element; properties are set, children are appended, strings as text. */
  export function make<T extends keyof HTMLElementTagNameMap>(
    tag: T,
    properties: object,
    ...children: (Node | string | null)[]
  ): HTMLElementTagNameMap[T];

  /** Logit units with a sign and three figures. */
  export function signed(value: number): string;

  export function percent(share: number): string;

  /** Text of a token on one line, with its white space and control characters made visible. */
  export function visible(text: string, longest?: number): string;
}

/** What the panel's two halves, in the extension and in its webview, say to each other. */

import type { ComparisonAnswer, Details, GraphAnswer, Place } from './serverMessages';

/** The colours for and against. */
export type Palette = 'redBlue' | 'orangeBlue';

export const SECTIONS = ['graph', 'layers', 'choices', 'repair', 'compare', 'trust'] as const;
export type Section = (typeof SECTIONS)[number];

export const isSection = (value: unknown): value is Section =>
  (SECTIONS as readonly unknown[]).includes(value);

/** What more may be said of it. */
export interface Wish {
  /** The model to compare with. */
  model?: string;
  /** Whether the graph shows the states between attention and MLP, too. */
  midpoints?: boolean;
}

/** What takes the engine some time. */
export interface Computed {
  graph: GraphAnswer;
  compare: ComparisonAnswer;
}
export type Computation = keyof Computed;
export const COMPUTATIONS = ['graph', 'compare'] as const satisfies readonly Computation[];

/** How far a computation is. */
export type Part<T> =
  | { state: 'idle' }
  | { state: 'computing'; message: string }
  | { state: 'failed'; message: string }
  | { state: 'ready'; value: T };

/** How far the explanation of the sample is. */
export interface SampleState {
  state: 'none' | 'unexplained' | 'computing' | 'stale' | 'error' | 'passes' | 'unproved' | 'ready';
  message: string;
}

/** To the webview. */
export type ToView =
  | { type: 'sample'; uri: string | null; title: string; sample: SampleState }
  | { type: 'details'; details: Details | null }
  | { type: 'graph'; part: Part<GraphAnswer> }
  | { type: 'compare'; part: Part<ComparisonAnswer> }
  | { type: 'section'; section: Section }
  | { type: 'palette'; palette: Palette }
  | { type: 'cursor' | 'mouse'; token: number };

/** From the webview. */
export type FromView =
  | { type: 'ready' }
  | { type: 'section'; section: Section }
  | ({ type: 'compute'; what: Computation } & Wish)
  | { type: 'cancel'; what: Computation | 'sample' }
  | { type: 'point'; place: Place | null }
  | { type: 'reveal'; place: Place }
  | { type: 'attribute'; position: number; contrast: number }
  | { type: 'run'; what: 'explain' | 'check' | 'diff' | 'apply' | 'log' };

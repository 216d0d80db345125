/** What the panel's two halves, in the extension and in its webview, say to each other. */

import type { ComparisonAnswer, Details, GraphAnswer, PanelSection, Place } from './serverMessages';

/** The colours for and against. */
export type Palette = 'redBlue' | 'orangeBlue';

export const SECTIONS = [
  'graph',
  'layers',
  'choices',
  'repair',
  'compare',
  'faithfulness',
] as const satisfies readonly PanelSection[];
export type Section = PanelSection;

export const isSection = (value: unknown): value is Section =>
  (SECTIONS as readonly unknown[]).includes(value);

/** How a graph or a comparison is wanted. */
export interface ComputeOptions {
  /** The model to compare with. */
  model?: string;
  /** Whether the graph shows the states between attention and MLP, too. */
  midpoints?: boolean;
}

/** What takes the engine some time, and what it answers. */
export interface ComputationResults {
  graph: GraphAnswer;
  compare: ComparisonAnswer;
}
export type ComputationName = keyof ComputationResults;
export const COMPUTATION_NAMES = ['graph', 'compare'] as const satisfies readonly ComputationName[];

/** How far a computation is. */
export type Computation<T> =
  | { state: 'idle' }
  | { state: 'computing'; message: string }
  | { state: 'failed'; message: string }
  | { state: 'ready'; value: T };

/** How far the explanation of the sample is. */
export interface SampleState {
  state: 'none' | 'unexplained' | 'computing' | 'stale' | 'error' | 'passes' | 'unproved' | 'ready';
  message: string;
}

/** What the panel's buttons ask for. */
export type Action = 'explain' | 'check' | 'diff' | 'apply' | 'log';

/** To the webview. */
export type MessageToWebview =
  | { type: 'sample'; uri: string | null; title: string; sample: SampleState }
  | { type: 'details'; details: Details | null }
  | { type: 'graph'; computation: Computation<GraphAnswer> }
  | { type: 'compare'; computation: Computation<ComparisonAnswer> }
  | { type: 'section'; section: Section }
  | { type: 'palette'; palette: Palette }
  | { type: 'cursor' | 'mouse'; token: number };

/** From the webview. */
export type MessageFromWebview =
  | { type: 'ready' }
  | { type: 'section'; section: Section }
  | ({ type: 'compute'; computation: ComputationName } & ComputeOptions)
  | { type: 'cancel'; computation: ComputationName | 'sample' }
  | { type: 'point'; place: Place | null }
  | { type: 'reveal'; place: Place }
  | { type: 'attribute'; position: number; contrast: number }
  | { type: 'run'; action: Action };

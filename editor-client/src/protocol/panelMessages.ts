/** What the panel's two halves say to each other, and what the server answers for it. */

import type { Range } from 'vscode-languageserver-protocol';

/** The colours for and against. */
export type Palette = 'redBlue' | 'orangeBlue';

export const SECTIONS = ['graph', 'layers', 'choices', 'repair', 'compare', 'trust'] as const;
export type Section = (typeof SECTIONS)[number];

export const isSection = (value: unknown): value is Section =>
  (SECTIONS as readonly unknown[]).includes(value);

/** `Role` and `Document` of attribution/schema/generation.py. */
export type Role = 'template' | 'prompt' | 'output';
export type DocumentName = 'code' | 'prompt';

export interface Place {
  document: DocumentName;
  place: Range;
}

export interface TokenDetails extends Place {
  index: number;
  text: string;
  role: Role;
  relevance: number;
}

export interface Choice {
  id: number;
  text: string;
  probability: number;
  written: boolean;
}

export interface PairDetails {
  position: number;
  target: { id: number; text: string; rank: number };
  contrast: { id: number; text: string; rank: number };
  logitDiff: number;
  origin: string;
  place: Range;
}

/** A figure with its 95 % interval: value, low, high. */
export type Figure = readonly [number, number, number];

export interface Trust {
  words: string;
  complete: boolean;
  agreements: {
    perturbation: string;
    spearman: Figure;
    topOverlap: Figure;
    measured: number;
    of: number;
  }[];
  lines: { text: string; effect: number; relevance: number }[];
}

/** `tokenblame/details`; lsp_server/features/panel/details.py describes it. */
export interface Details {
  version: number;
  taskId: string | null;
  running: boolean;
  sibling: string | null;
  model: { name: string; retokenized: boolean } | null;
  verdict: { passed: boolean; words: string } | null;
  pair: (PairDetails & { weak: boolean; words: string }) | null;
  pairs: PairDetails[];
  choices: { promptLength: number; rows: Choice[][] } | null;
  attribution: {
    method: string;
    objective: string;
    logitDiff: number;
    sum: number;
    leak: number;
    bias: number;
    words: string;
  } | null;
  tokens: TokenDetails[];
  profile: number[][];
  /** `editable`: the document can be changed, unlike a line of a samples file. */
  repair: { program: string; diff: string; editable: boolean } | null;
  trust: Trust | null;
}

/** `tokenblame/graph`. */
export interface GraphAnswer {
  version: number;
  /** The JSON of `tokenblame graph --json`, which the drawing code reads. */
  graph: unknown;
}

export interface Piece extends Place {
  text: string;
  relevance: number;
  value: number;
  role: Role;
}

export interface ComparedModel {
  name: string;
  logitDiff: number;
  sum: number;
  leak: number;
  bias: number;
  target: { text: string; rank: number };
  contrast: { text: string; rank: number };
  choices: { text: string; probability: number }[];
  scale: number;
  pieces: Piece[];
}

/** `tokenblame/compare`; lsp_server/features/panel/comparison.py describes it. */
export interface ComparisonAnswer {
  version: number;
  sameTokens: boolean;
  words: string;
  models: [ComparedModel, ComparedModel];
}

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

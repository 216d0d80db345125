/**
 * The shapes of all that the server sends beyond the Language Server Protocol: its notifications
 * first, then what it answers for the panel. Positions are LSP positions.
 */

import type { Range } from 'vscode-languageserver-protocol';

/** `Role` and `Document` of attribution/schema/generation.py. */
export type Role = 'template' | 'prompt' | 'output';
export type DocumentName = 'code' | 'prompt';

/** One token's part in the decision. Spans come in document order and never overlap. */
export interface Span {
  range: Range;
  /** Logit units; above 0 it speaks for what the model wrote, below 0 for the other token. */
  relevance: number;
  /** `relevance` over the largest magnitude outside the template, −1 … 1; 0 in the template. */
  value: number;
  role: Role;
}

/** The token that broke the program and the one that would have passed the tests. */
export interface Pair {
  range: Range;
  target: string;
  contrast: string;
  contrastRank: number;
  logitDiff: number;
  /** Who says that the contrast token is right: the tests, in all cases but the last. */
  origin: 'verified' | 'substituted' | 'two-token' | 'sibling' | 'manual';
  weak: boolean;
}

/** The heat map of one version of one document; without spans it takes an older one away. */
export interface Relevance {
  uri: string;
  version: number;
  state: 'computed' | 'stale' | 'cleared';
  spans: Span[];
  pair: Pair | null;
  /** The prompt that the model read, where it is a document of its own: what says so, where. */
  promptText: string | null;
  promptUri: string | null;
  promptSpans: Span[];
}

export interface Status {
  state: 'starting' | 'ready' | 'computing' | 'error' | 'untrusted';
  message: string;
  uri: string | null;
}

/** A page of Markdown about one sample, to be shared. */
export interface Report {
  uri: string;
  markdown: string;
}

/** The panel is to show a section about a document. */
export interface PanelRequest {
  uri: string;
  section: string;
}

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

/** How well the map agrees with interventions: what taking tokens away does to Δℓ. */
export interface Faithfulness {
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
  /** `editable`: the document can be changed, unlike a sample of a sample file. */
  repair: { program: string; diff: string; editable: boolean } | null;
  trust: Faithfulness | null;
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

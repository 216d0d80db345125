/**
 * What the server and this extension say to each other beyond the Language Server Protocol.
 * Positions are LSP positions.
 *
 * Made from lsp_server/protocol/messages.py by `make generate`; do not edit.
 */

import type { Range } from 'vscode-languageserver-protocol';

/** Where a token comes from. */
export type Role = 'template' | 'prompt' | 'output';

/** Which text a span lies in. */
export type DocumentName = 'code' | 'prompt';

/** Who says that the contrast token is the right one. */
export type Origin = 'verified' | 'substituted' | 'two-token' | 'sibling' | 'manual';

/** How a token is taken away; every other token keeps its position. */
export type Perturbation = 'mask' | 'substitute';

/** What the engine is doing, as a status item shows it. */
export type EngineState = 'starting' | 'ready' | 'computing' | 'error' | 'untrusted';

/** Whether a heat map is there, was about an older text, or is taken away. */
export type RelevanceState = 'computed' | 'stale' | 'cleared';

/** The sections of a client's panel. */
export type PanelSection = 'graph' | 'layers' | 'choices' | 'repair' | 'compare' | 'faithfulness';

/** A figure with its 95 % interval: value, low, high. */
export type Figure = readonly [number, number, number];

/** One token's part in the decision. Spans come in document order and never overlap. */
export interface RelevanceSpan {
  range: Range;
  /** Logit units; above 0 it speaks for what the model wrote. */
  relevance: number;
  /** `relevance` over the scale, −1 … 1; 0 in the template. */
  value: number;
  role: Role;
}

/** The token that broke the program and the one that would have passed the tests. */
export interface RelevancePair {
  range: Range;
  target: string;
  contrast: string;
  contrastRank: number;
  logitDiff: number;
  /** Who says that the contrast token is right. */
  origin: Origin;
  weak: boolean;
}

/** The parts of Δℓ, in logit units. */
export interface Completeness {
  sum: number;
  leak: number;
  bias: number;
}

/** The heat map of one version of one document; without spans it takes an older one away. */
export interface Relevance {
  uri: string;
  version: number;
  state: RelevanceState;
  taskId: string | null;
  /** The largest |relevance| outside the template. */
  scale: number;
  logitDiff: number | null;
  spans: RelevanceSpan[];
  pair: RelevancePair | null;
  completeness: Completeness | null;
  /** Where the prompt can be seen, if it is a document of its own. */
  promptUri: string | null;
  /** The prompt that the model read; null where it is in the code. */
  promptText: string | null;
  promptSpans: RelevanceSpan[];
}

/** What server and engine are doing, about one document or about none. */
export interface Status {
  state: EngineState;
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
  section: PanelSection;
}

/** A request about an open document; an answer to an older version is refused. */
export interface DocumentParams {
  uri: string;
  version?: number | null;
  workDoneToken?: string | number | null;
}

/** `tokenblame/graph`. */
export interface GraphParams extends DocumentParams {
  /** The states between attention and MLP, too. */
  midpoints?: boolean;
}

/** `tokenblame/compare`. */
export interface CompareParams extends DocumentParams {
  /** Another one than the sibling of the settings. */
  model?: string | null;
}

/** A range in the code or in the prompt. */
export interface Place {
  document: DocumentName;
  place: Range;
}

/** One token before the target. */
export interface TokenDetails extends Place {
  index: number;
  text: string;
  role: Role;
  /** Logit units. */
  relevance: number;
}

/** A token of the vocabulary and its rank at a position, 1 for the likeliest. */
export interface RankedToken {
  id: number;
  text: string;
  rank: number;
}

/** A target token and its contrast token. */
export interface PairDetails {
  position: number;
  target: RankedToken;
  contrast: RankedToken;
  logitDiff: number;
  origin: Origin;
  place: Range;
}

/** The pair that is explained; `words` is Markdown. */
export interface ShownPair extends PairDetails {
  weak: boolean;
  words: string;
}

/** What the model could have written at a position. */
export interface Choice {
  id: number;
  text: string;
  probability: number;
  written: boolean;
}

/** The likeliest tokens at each output position, best first. */
export interface Choices {
  promptLength: number;
  positions: Choice[][];
}

/** The model that explains; `retokenized` where the sample had no trace. */
export interface ModelDetails {
  name: string;
  retokenized: boolean;
}

/** What the tests said; `words` is Markdown. */
export interface VerdictDetails {
  passed: boolean;
  words: string;
}

/** How the relevance was computed, and the parts of Δℓ; `words` is Markdown. */
export interface AttributionDetails {
  method: string;
  objective: string;
  logitDiff: number;
  sum: number;
  leak: number;
  bias: number;
  words: string;
}

/** The repaired program of the pair; `editable` where the document can be changed. */
export interface Repair {
  program: string;
  diff: string;
  editable: boolean;
}

/** How well relevance predicts what one perturbation of tokens does. */
export interface AgreementDetails {
  perturbation: Perturbation;
  spearman: Figure;
  topOverlap: Figure;
  /** Tokens. */
  measured: number;
  /** Tokens that could be measured. */
  of: number;
}

/** What taking a line away does to Δℓ, in logit units. */
export interface LineEffect {
  text: string;
  effect: number;
  relevance: number;
}

/** How well the map agrees with interventions: what taking tokens away does to Δℓ. */
export interface FaithfulnessDetails {
  words: string;
  complete: boolean;
  agreements: AgreementDetails[];
  lines: LineEffect[];
}

/** `tokenblame/details`: all that is known about a sample; nothing is computed for it. */
export interface Details {
  version: number;
  taskId: string | null;
  running: boolean;
  /** The model to compare with. */
  sibling: string | null;
  model: ModelDetails | null;
  verdict: VerdictDetails | null;
  pair: ShownPair | null;
  /** All that were proved. */
  pairs: PairDetails[];
  choices: Choices | null;
  attribution: AttributionDetails | null;
  tokens: TokenDetails[];
  /** [layer][token], from the embedding up. */
  profile: number[][];
  repair: Repair | null;
  faithfulness: FaithfulnessDetails | null;
}

/** `tokenblame/graph`. */
export interface GraphAnswer {
  version: number;
  /** The JSON of `tokenblame graph --json`, which the drawing code reads. */
  graph: unknown;
  /** Of each of its tokens, in the document that it names. */
  places: Range[];
}

/** A stretch of text in one colour; pieces follow one another through prompt and code. */
export interface Piece extends Place {
  text: string;
  relevance: number;
  value: number;
  role: Role;
}

/** A token and its rank in one of two models. */
export interface ComparedToken {
  text: string;
  rank: number;
}

/** What one of two models would have written. */
export interface ComparedChoice {
  text: string;
  probability: number;
}

/** One of two models on the same choice in the same text. */
export interface ComparedModel {
  name: string;
  logitDiff: number;
  sum: number;
  leak: number;
  bias: number;
  target: ComparedToken;
  contrast: ComparedToken;
  choices: ComparedChoice[];
  scale: number;
  pieces: Piece[];
}

/** `tokenblame/compare`: the model that explains, then the other one. */
export interface ComparisonAnswer {
  version: number;
  sameTokens: boolean;
  words: string;
  models: [ComparedModel, ComparedModel];
}

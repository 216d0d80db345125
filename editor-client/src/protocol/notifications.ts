/** What the server says beyond the Language Server Protocol. Positions are LSP positions. */

import type { Range } from 'vscode-languageserver-protocol';
import { NotificationType } from 'vscode-languageclient';

/** One token's part in the decision. Spans come in document order and never overlap. */
export interface Span {
  range: Range;
  /** Logit units; above 0 it speaks for what the model wrote, below 0 for the other token. */
  relevance: number;
  /** `relevance` over the largest magnitude outside the template, −1 … 1; 0 in the template. */
  value: number;
  role: 'template' | 'prompt' | 'output';
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

export const relevanceNotification = new NotificationType<Relevance>('tokenblame/relevance');
export const statusNotification = new NotificationType<Status>('tokenblame/status');
export const reportNotification = new NotificationType<Report>('tokenblame/report');
export const panelNotification = new NotificationType<PanelRequest>('tokenblame/panel');
export const trustNotification = new NotificationType<{ trusted: boolean }>('tokenblame/trust');

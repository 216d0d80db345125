/** Messages of the server, as the tests need them. */

import type { Relevance, Status } from '../src/protocol';

const place = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };

export const URI = 'file:///w/HumanEval_65/0.py';

/** What the server knows when it has a verdict, but no pair. */
export function relevance(changes: Partial<Relevance> = {}): Relevance {
  return {
    uri: URI,
    version: 1,
    state: 'computed',
    spans: [],
    pair: null,
    promptText: null,
    promptUri: null,
    promptSpans: [],
    ...changes,
  };
}

export const PAIR = {
  range: place,
  target: ' <',
  contrast: ' <=',
  contrastRank: 1,
  logitDiff: 1.235,
  origin: 'verified',
  weak: false,
} as const;

export const SPANS: Relevance['spans'] = [
  { range: place, relevance: 1, value: 1, role: 'prompt' },
];

export const status = (
  state: Status['state'],
  message = '',
  uri: string | null = URI,
): Status => ({ state, message, uri });

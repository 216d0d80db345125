/** What the server answers a panel, as the tests need it. */

import type { Details } from '../src/panelMessages';

const place = { start: { line: 0, character: 0 }, end: { line: 0, character: 4 } };
const next = { start: { line: 0, character: 4 }, end: { line: 1, character: 2 } };

/** A sample that is explained, without a sibling and unchecked. */
export function details(changes: Partial<Details> = {}): Details {
  const target = { id: 5, text: ' <', rank: 1 };
  const contrast = { id: 6, text: ' <=', rank: 2 };
  const pair = { position: 9, target, contrast, logitDiff: 1.3, origin: 'verified', place };
  return {
    version: 1,
    taskId: 'HumanEval/65',
    running: false,
    sibling: null,
    model: { name: 'm', retokenized: false },
    verdict: { passed: false, words: 'Fails.' },
    pair: { ...pair, weak: false, words: 'The model wrote ` <`.' },
    pairs: [pair],
    choices: { promptLength: 9, rows: [] },
    attribution: {
      method: 'attnlrp',
      objective: 'contrast',
      logitDiff: 1.3,
      sum: 1,
      leak: 0.2,
      bias: 0.1,
      words: 'Δℓ 1.3',
    },
    tokens: [
      { index: 0, text: 'def ', role: 'template', document: 'code', relevance: 3, place },
      { index: 1, text: 'f\n  ', role: 'prompt', document: 'code', relevance: -1, place: next },
      { index: 2, text: 'x', role: 'output', document: 'prompt', relevance: 0.5, place },
    ],
    profile: [
      [3, -1, 0.5],
      [0, 0, 2.5],
    ],
    repair: { program: 'p', diff: '---\n+++\n@@\n-a\n+b', editable: true },
    trust: null,
    ...changes,
  };
}

export const RUNNING: Partial<Details> = { running: true, pair: null, attribution: null, verdict: null };

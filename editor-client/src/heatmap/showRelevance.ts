/** From the server's notification to heat on the code and on the prompt. */

import * as vscode from 'vscode';
import type { Range } from 'vscode-languageserver-protocol';
import type { Relevance, RelevanceSpan } from '../protocol/serverMessages';
import { promptUri, setPromptUri } from '../samples/promptDocuments';
import type { HeatMap, HeatSpan } from './heatmap';

function toRange({ start, end }: Range): vscode.Range {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}

function toHeat(spans: readonly RelevanceSpan[]): HeatSpan[] {
  return spans.map(({ range, value, role }) => ({ range: toRange(range), value, role }));
}

/**
 * Shows what the server found, or takes away what no longer holds.
 *
 * A notification about another version than the editor's is dropped: the text has changed since, and
 * the server will send another.
 */
export function showRelevance(relevance: Relevance, heatMap: HeatMap): void {
  const uri = vscode.Uri.parse(relevance.uri, true);
  const earlier = promptUri(uri);
  if (earlier) heatMap.clear(earlier);
  if (relevance.state !== 'computed') {
    heatMap.clear(uri);
    return;
  }
  setPromptUri(uri, relevance.promptUri);
  const prompt = promptUri(uri);
  heatMap.show(uri, {
    spans: toHeat(relevance.spans),
    fault: relevance.pair ? toRange(relevance.pair.range) : null,
    fits: (document) => document.version === relevance.version,
    linked: prompt,
  });
  if (!prompt) return;
  heatMap.show(prompt, {
    spans: toHeat(relevance.promptSpans),
    fault: null,
    // It may be opened only later, with what was changed in it before: the text has to tell.
    fits: (document) => document.getText() === relevance.promptText,
    linked: uri,
  });
}

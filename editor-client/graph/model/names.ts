/** Places and sides in words. */

import { at } from './at';
import { describe, type Model } from './model';
import { signed, stageTitle, visible } from './text';

/** Name of a place, e.g. "·return" or "softmax leak". */
export function nameOf(model: Model, place: number): string {
  const { kind, token } = describe(model, place);
  if (kind === 'leak') return 'softmax leak';
  if (kind === 'bias') return 'biases';
  return visible(at(model.data.tokens, token).text);
}

/** Only one objective has a contrast token; the others measure against many. */
export function sideOf(model: Model, relevance: number): string {
  if (relevance >= 0) return 'supports what was written';
  return model.data.objective === 'contrast' ? 'supports the contrast' : 'speaks against it';
}

/** One line for tooltip and screen reader. */
export function summary(model: Model, place: number): string {
  const { kind, stage, token, relevance, node } = describe(model, place);
  const where = stageTitle(at(model.data.stages, stage));
  const which = kind === 'token' ? `, token ${token}, ${where}` : ` above ${where}`;
  const side = sideOf(model, relevance) + (node < 0 ? ', pruned' : '');
  return `${nameOf(model, place)}${which}: ${signed(relevance)}, ${side}`;
}

/** The panel at the right about the whole graph. */

import { at } from '../model/at';
import type { GraphData, MeasureData } from '../model/data';
import { describe, type Model } from '../model/model';
import type { Selection } from '../model/selection';
import { percent, signed, stageTitle } from '../model/text';
import { make } from './elements';
import { type Actions, cell, nodeButton, number, table } from './panel';

/** Tokens with the strongest nodes of the whole graph. */
const RANKED = 40;

export function showOverview(
  panel: HTMLElement,
  model: Model,
  selection: Selection,
  actions: Actions,
): void {
  const { data } = model;
  const quiet = { className: 'quiet' };
  panel.replaceChildren(
    make('h2', {}, 'The whole graph'),
    make('p', {}, ...scoreWords(data)),
    make('p', quiet, ...keptWords(data)),
    make(
      'p',
      quiet,
      'Click a node, or move with the arrow keys and press Enter. ',
      'P follows the strongest path, Escape closes. Wheel: zoom; drag: pan.',
    ),
    make('h3', {}, 'Strongest tokens drawn'),
    table(['token', 'strongest', 'relevance'], strongestNodes(model, selection, actions)),
    make('h3', {}, 'Shape of each transition'),
    table(
      ['to', 'connected', 'Gini', 'vertical', 'look-back'],
      data.measures.map((measure) => measureRow(data, measure)),
    ),
  );
}

function scoreWords({ logit_diff: score, completeness }: GraphData): string[] {
  const { sum, absorbed } = completeness;
  const tokens = `Δℓ = ${signed(score)}: tokens ${signed(sum)}, softmax leak and biases `;
  return [tokens, signed(absorbed)];
}

function keptWords(data: GraphData): string[] {
  const { pruning } = data;
  return [
    `Kept: ${pruning.policy}. ${pruning.nodes} of ${pruning.all_nodes} token nodes have `,
    `${percent(pruning.kept_relevance)} of all |relevance|; ${pruning.edges} of `,
    `${pruning.all_edges} edges into strong ones have ${percent(pruning.kept_mass)} of their mass. `,
    besideTokens(data),
  ];
}

function measureRow(data: GraphData, measure: MeasureData): HTMLElement[] {
  const figures = [percent(measure.connectivity), measure.gini.toFixed(2)];
  figures.push(percent(measure.verticality), measure.look_back.toFixed(1));
  return [at(data.stages, measure.target), ...figures].map((text) => cell(text));
}

/** A row for each token, of its strongest node: it mostly has many, stage above stage. */
function strongestNodes(model: Model, selection: Selection, actions: Actions): HTMLElement[][] {
  const size = (place: number): number => Math.abs(describe(model, place).relevance);
  const groups = new Map<number | string, number[]>();
  for (const place of selection.rows.flat().sort((a, b) => size(b) - size(a))) {
    const { kind, token } = describe(model, place);
    const name = kind === 'token' ? token : kind;
    groups.set(name, [...(groups.get(name) ?? []), place]);
  }
  return [...groups.values()].slice(0, RANKED).map((places) => {
    const [place, others] = [at(places, 0), places.slice(1)];
    const { stage, relevance } = describe(model, place);
    const plural = others.length > 1 ? 's' : '';
    const more = others.length ? `, and at ${others.length} more stage${plural}` : '';
    return [
      cell(nodeButton(model, place, actions)),
      cell(stageTitle(at(model.data.stages, stage)), make('span', { className: 'quiet' }, more)),
      number(relevance),
    ];
  });
}

/** Why the file has more nodes and edges than the pruning kept. */
function besideTokens({ nodes, edges, pruning }: GraphData): string {
  const more = nodes.length - pruning.nodes;
  if (!more) return '';
  return (
    `With ${more} nodes for softmax leaks and biases and their ${edges.length - pruning.edges} ` +
    `edges the file has ${nodes.length} nodes and ${edges.length} edges.`
  );
}

/** The panel at the right about one node: its relevance, its edges, its dimensions and neurons. */

import { at } from '../model/at';
import type { EdgeData, Ranked } from '../model/data';
import { describe, type Model } from '../model/model';
import { nameOf, sideOf } from '../model/names';
import { percent, signed, stageTitle } from '../model/text';
import { make } from './elements';

/** Edges of a node that are listed, each way. */
const LISTED = 15;

/** What a reader can do with a place. */
export interface Actions {
  select: (place: number) => void;
  follow: (place: number) => void;
  close: () => void;
}

export function number(value: number): HTMLElement {
  const sign = value < 0 ? 'minus' : 'plus';
  return make('td', { className: `number ${sign}` }, signed(value));
}

export function table(titles: readonly string[], rows: readonly HTMLElement[][]): HTMLElement {
  const cells = titles.map((text) => make('th', { scope: 'col' }, text));
  return make(
    'table',
    {},
    make('thead', {}, make('tr', {}, ...cells)),
    make('tbody', {}, ...rows.map((row) => make('tr', {}, ...row))),
  );
}

export const cell = (...children: (Node | string | null)[]): HTMLElement =>
  make('td', {}, ...children);

export function nodeButton(model: Model, place: number, actions: Actions): HTMLElement {
  const button = make('button', { type: 'button', className: 'node' });
  button.append(make('code', {}, nameOf(model, place)));
  if (place < model.tokenPlaceCount)
    button.append(make('span', { className: 'quiet' }, ` ${place % model.tokenCount}`));
  button.addEventListener('click', () => {
    actions.select(place);
  });
  return button;
}

export function showNode(panel: HTMLElement, model: Model, place: number, actions: Actions): void {
  const { kind, stage, token, relevance, node } = describe(model, place);
  const { data } = model;
  const score = data.logit_diff;
  const share = score ? `, ${percent(relevance / score)} of Δℓ` : '';
  const role = kind === 'token' ? `token ${token}, ${at(data.tokens, token).role}, ` : 'above ';
  const close = make('button', { type: 'button' }, 'Close');
  close.addEventListener('click', actions.close);
  const follow = make('button', { type: 'button', id: 'follow' }, 'Follow the strongest path');
  follow.addEventListener('click', () => {
    actions.follow(place);
  });
  panel.replaceChildren(
    make('h2', {}, make('code', {}, nameOf(model, place))),
    make('p', { className: 'quiet' }, role + stageTitle(at(data.stages, stage))),
    make(
      'p',
      { className: relevance < 0 ? 'minus' : 'plus' },
      `${signed(relevance)}: ${sideOf(model, relevance)}${share}`,
    ),
    make('p', {}, kind === 'token' && node >= 0 && stage > 0 ? follow : '', ' ', close),
    ...(node < 0
      ? [make('p', {}, 'This node was pruned; its edges are not in this file.')]
      : nodeTables(model, node, actions)),
  );
}

function nodeTables(model: Model, node: number, actions: Actions): HTMLElement[] {
  const token = at(model.data.nodes, node).kind === 'token';
  const pruned = token ? prunedWeight(model, node) : 0;
  const [below, above] = [at(model.incoming, node), at(model.outgoing, node)];
  const parts = [
    ...edgeTable(
      model,
      { title: 'Draws on (one stage below)', edges: below, end: 'source', pruned },
      actions,
    ),
    ...edgeTable(
      model,
      { title: 'Feeds (one stage above)', edges: above, end: 'target', pruned: 0 },
      actions,
    ),
  ];
  const detail = model.details.get(node);
  if (detail) {
    parts.push(...ranking('Hidden dimensions', detail.dimensions));
    const through = `MLP neurons (${signed(detail.mlp)} in all)`;
    parts.push(...ranking(through, detail.neurons));
  }
  return parts;
}

interface EdgeList {
  title: string;
  edges: number[];
  /** The end that is another node. */
  end: 'source' | 'target';
  /** Logit units of edges that are not in the file. */
  pruned: number;
}

function edgeTable(
  model: Model,
  { title, edges, end, pruned }: EdgeList,
  actions: Actions,
): HTMLElement[] {
  if (!edges.length && !pruned) return [];
  const rows = edges.slice(0, LISTED).map((index) => {
    const edge = at(model.data.edges, index);
    const other = nodeButton(model, at(model.placeOf, edge[end]), actions);
    return [cell(other, heads(edge)), number(edge.weight)];
  });
  const more = edges.length - rows.length;
  if (more > 0) {
    rows.push([cell(`${more} weaker`), number(weightOf(model, edges.slice(LISTED)))]);
  }
  if (pruned) rows.push([cell('edges that were pruned'), number(pruned)]);
  return [make('h3', {}, title), table(['node', 'weight'], rows)];
}

const weightOf = (model: Model, edges: readonly number[]): number =>
  edges.reduce((sum, index) => sum + at(model.data.edges, index).weight, 0);

/** What a node's relevance is beyond its edges in the file. */
function prunedWeight(model: Model, node: number): number {
  const { stage, relevance } = at(model.data.nodes, node);
  const lost = relevance - weightOf(model, at(model.incoming, node));
  return stage > 0 && Math.abs(lost) > 1e-6 * Math.abs(relevance) ? lost : 0;
}

/** The split of an edge: past the attention, and what each head carries by which way. */
function heads(edge: EdgeData): HTMLElement | null {
  if (!edge.heads.length && !edge.direct) return null;
  const rows = edge.heads.map((head) => [
    cell(`${head.layer}.${head.head}`),
    number(head.value),
    number(head.key),
    number(head.query),
  ]);
  const count = edge.heads.length;
  const title = count ? `${count} head${count > 1 ? 's' : ''} to open` : 'way';
  return make(
    'details',
    {},
    make('summary', {}, title),
    edge.direct ? make('p', {}, `past the attention: ${signed(edge.direct)}`) : null,
    count ? table(['head', 'value', 'key', 'query'], rows) : null,
  );
}

function ranking(title: string, entries: readonly Ranked[]): HTMLElement[] {
  if (!entries.length) return [];
  const rows = entries.map(([index, relevance]) => [cell(String(index)), number(relevance)]);
  return [make('h3', {}, title), table(['index', 'relevance'], rows)];
}

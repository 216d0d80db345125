/** What the settings leave of a graph, and ways through it. */

import { at } from './at';
import { describe, type Model } from './model';

/** What is drawn; thresholds are in logit units. */
export interface Settings {
  nodesAbove: number;
  edgesAbove: number;
  template: boolean;
  empty: boolean;
  pruned: boolean;
}

export interface Selection {
  /** [column] its token. */
  columns: number[];
  /** [token] its column, −1 where it has none. */
  columnOf: Int32Array;
  /** [stage] the places to draw, from left to right. */
  rows: number[][];
  /** Places of nodes and edges to draw, weakest first. */
  places: number[];
  edges: number[];
  /** Places of pruned nodes. */
  pruned: number[];
  /** [place] 1 where it is drawn. */
  drawn: Uint8Array;
}

export function select(model: Model, settings: Settings): Selection {
  const { data } = model;
  const columns = shownTokens(model, settings);
  const columnOf = new Int32Array(model.tokenCount).fill(-1);
  columns.forEach((token, column) => {
    columnOf[token] = column;
  });
  const last = at(model.nodeAt, model.tokenPlaceCount - 1);
  const shown = data.nodes.map((node, index) => {
    if (node.kind === 'token' && at(columnOf, node.token) < 0) return false;
    return index === last || Math.abs(node.relevance) >= settings.nodesAbove;
  });
  const edges = model.edgesByStrength
    .filter((index) => {
      const { weight, source, target } = at(data.edges, index);
      return Math.abs(weight) >= settings.edgesAbove && at(shown, source) && at(shown, target);
    })
    .reverse();
  const places = model.nodesByStrength
    .filter((node) => at(shown, node))
    .map((node) => at(model.placeOf, node));
  const rows: number[][] = data.stages.map(() => []);
  data.nodes.forEach((node, index) => {
    if (at(shown, index)) at(rows, node.stage).push(at(model.placeOf, index));
  });
  const pruned = settings.pruned ? prunedPlaces(model, columns, settings.nodesAbove) : [];
  const drawn = new Uint8Array(model.tokenPlaceCount + data.nodes.length);
  for (const place of [...rows.flat(), ...pruned]) drawn[place] = 1;
  return { columns, columnOf, rows, places: places.reverse(), edges, pruned, drawn };
}

/** The tokens that have a column. The last one always has: it is what is explained. */
function shownTokens(model: Model, settings: Settings): number[] {
  const { tokens } = model.data;
  return tokens
    .map((token) => token.index)
    .filter(
      (token) =>
        token === model.tokenCount - 1 ||
        ((settings.empty || model.tokensWithNode.has(token)) &&
          (settings.template || at(tokens, token).role !== 'template')),
    );
}

function prunedPlaces(model: Model, columns: number[], least: number): number[] {
  return model.data.relevance.flatMap((row, stage) =>
    columns
      .filter((token) => at(row, token) !== 0 && Math.abs(at(row, token)) >= least)
      .map((token) => stage * model.tokenCount + token)
      .filter((place) => at(model.nodeAt, place) < 0),
  );
}

/** From a place down to the embedding, at every step along the strongest edge to a shown token. */
export function strongestPath(model: Model, selection: Selection, place: number): number[] {
  const path = [place];
  let { node } = describe(model, place);
  while (node >= 0) {
    const step = at(model.incoming, node).find((index) => {
      const source = at(model.data.nodes, at(model.data.edges, index).source);
      return source.kind === 'token' && at(selection.columnOf, source.token) >= 0;
    });
    node = step === undefined ? -1 : at(model.data.edges, step).source;
    if (node >= 0) path.push(at(model.placeOf, node));
  }
  return path;
}

/** The column of a place; those of leak and bias lie right of all tokens. */
function columnAt(model: Model, selection: Selection, place: number): number {
  if (place < model.tokenPlaceCount) return at(selection.columnOf, place % model.tokenCount);
  return selection.columns.length + (describe(model, place).kind === 'leak' ? 0 : 1);
}

/** The next drawn place beside (dx) or, in the next stage that has one, above (dy) `place`. */
export function neighbour(
  model: Model,
  selection: Selection,
  place: number,
  dx: number,
  dy: number,
): number {
  const { stage } = describe(model, place);
  const column = columnAt(model, selection, place);
  const distance = (other: number): number => Math.abs(columnAt(model, selection, other) - column);
  const nearest = (row: number[]): number =>
    row.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  if (dx) {
    const beside = at(selection.rows, stage).filter(
      (other) => (columnAt(model, selection, other) - column) * dx > 0,
    );
    return beside.length ? nearest(beside) : place;
  }
  for (let row = stage + dy; row >= 0 && row < selection.rows.length; row += dy) {
    if (at(selection.rows, row).length) return nearest(at(selection.rows, row));
  }
  return place;
}

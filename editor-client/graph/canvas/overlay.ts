/** Draws what changes with the pointer and the keys, on a canvas of its own above the map. */

import { at } from '../model/at';
import { describe } from '../model/model';
import { DASH } from './base';
import { drawLabel } from './frame';
import { drawNodes, radius } from './nodes';
import { clipped, prepare, type Scene, type Theme } from './scene';
import { centre, columnX, plot } from './view';

/** Edges of the selected node that are highlighted, each way. */
const STRONGEST = 12;

/** Places (−1: none), a path of places, and tokens whose columns are marked. */
export interface Marks {
  hover: number;
  cursor: number;
  selected: number;
  path: number[];
  tokens: number[];
}

export function drawOverlay(canvas: HTMLCanvasElement, scene: Scene, marks: Marks): void {
  const { view } = scene;
  const context = prepare(canvas, view);
  for (const token of marks.tokens) drawBand(context, scene, token);
  clipped(context, view, () => {
    if (marks.path.length) drawPath(context, scene, marks.path);
    else if (marks.selected >= 0) drawStrongestEdges(context, scene, marks.selected);
    for (const [place, color, width] of rings(scene.theme, marks)) {
      drawRing(context, scene, place, color, width);
    }
  });
  const pointed = [marks.hover, marks.cursor].find(
    (place) => place >= 0 && place < scene.model.tokenPlaceCount,
  );
  if (pointed !== undefined) drawPointedLabel(context, scene, pointed);
}

type Ring = [place: number, color: string, width: number];

function rings(theme: Theme, { hover, cursor, selected }: Marks): Ring[] {
  return [
    [selected, theme.accent, 3],
    [cursor, theme.text, 2],
    [hover, theme.muted, 2],
  ];
}

/** The column of a token that was searched for, or that another view points at. */
function drawBand(
  context: CanvasRenderingContext2D,
  { view, model, selection, theme }: Scene,
  token: number,
): void {
  const column = token >= 0 && token < model.tokenCount ? at(selection.columnOf, token) : -1;
  if (column < 0) return;
  const { left, right, top, bottom } = plot(view);
  const wide = Math.min(40, Math.max(4, view.columnWidth));
  const x = columnX(view, column) - wide / 2;
  if (x + wide < left || x > right) return;
  context.fillStyle = theme.band;
  context.fillRect(x, top - 8, wide, bottom - top + 16);
}

/** The strongest edges of a node, both ways, with the nodes that they reach. */
function drawStrongestEdges(context: CanvasRenderingContext2D, scene: Scene, place: number): void {
  const { model } = scene;
  const { node } = describe(model, place);
  if (node < 0) return;
  const drawn = (index: number): boolean => {
    const { source, target } = at(model.data.edges, index);
    return [source, target].every((end) => hasPlace(scene, at(model.placeOf, end)));
  };
  const edges = [at(model.incoming, node), at(model.outgoing, node)].flatMap((all) =>
    all.filter(drawn).slice(0, STRONGEST),
  );
  drawLines(context, scene, edges);
  const ends = edges.flatMap((index) => [
    at(model.data.edges, index).source,
    at(model.data.edges, index).target,
  ]);
  drawNodes(context, scene, [...new Set([place, ...ends.map((end) => at(model.placeOf, end))])]);
}

/** A token whose column is hidden has no place on the map. */
function hasPlace({ model, selection }: Scene, place: number): boolean {
  return place >= model.tokenPlaceCount || at(selection.columnOf, place % model.tokenCount) >= 0;
}

function drawPath(context: CanvasRenderingContext2D, scene: Scene, path: number[]): void {
  const { model } = scene;
  const edges = path.slice(1).flatMap((source, step) => {
    const target = describe(model, at(path, step)).node;
    const from = describe(model, source).node;
    const edge = at(model.incoming, target).find(
      (index) => at(model.data.edges, index).source === from,
    );
    return edge === undefined ? [] : [edge];
  });
  context.lineJoin = 'round';
  context.strokeStyle = scene.theme.band;
  context.lineWidth = 12;
  context.beginPath();
  for (const place of path) {
    const { x, y } = centre(model, scene.selection, scene.view, place);
    context.lineTo(x, y);
  }
  context.stroke();
  drawLines(context, scene, edges);
  drawNodes(context, scene, path);
}

function drawLines(
  context: CanvasRenderingContext2D,
  { view, model, selection, theme }: Scene,
  edges: readonly number[],
): void {
  for (const index of [...edges].reverse()) {
    const edge = at(model.data.edges, index);
    const from = centre(model, selection, view, at(model.placeOf, edge.source));
    const to = centre(model, selection, view, at(model.placeOf, edge.target));
    context.strokeStyle = edge.weight < 0 ? theme.minus : theme.plus;
    context.setLineDash(edge.weight < 0 ? DASH : []);
    context.lineWidth = 1 + 4.5 * Math.sqrt(Math.abs(edge.weight) / model.weights.most);
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  }
  context.setLineDash([]);
}

function drawRing(
  context: CanvasRenderingContext2D,
  scene: Scene,
  place: number,
  color: string,
  width: number,
): void {
  if (place < 0 || !hasPlace(scene, place)) return;
  const { model, selection, view } = scene;
  const { x, y } = centre(model, selection, view, place);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.beginPath();
  context.arc(x, y, radius(scene, describe(model, place).relevance) * 1.25 + 4, 0, 2 * Math.PI);
  context.stroke();
}

/** The label of the column that is pointed at, which may have found no room. */
function drawPointedLabel(context: CanvasRenderingContext2D, scene: Scene, place: number): void {
  const { view, selection, theme } = scene;
  const column = at(selection.columnOf, place % scene.model.tokenCount);
  const x = columnX(view, column);
  const { left, right, bottom } = plot(view);
  if (column < 0 || x < left || x > right) return;
  context.save();
  context.translate(x, bottom + 12);
  context.rotate(-Math.PI / 3);
  context.fillStyle = theme.background;
  context.fillRect(-100, -8, 104, 16);
  context.restore();
  drawLabel(context, scene, column, theme.accent);
}

/**
 * Draws the map: edges and nodes by buckets of sign and strength, each one path, so that 15 000
 * nodes and 20 000 edges are a few dozen strokes and fills. Sign shows in shape and dashes, too.
 */

import { at } from '../model/at';
import { bucketKey, BUCKETS, drawNodes, UNDASHED } from './nodes';
import { NODES_PER_EDGE } from './pace';
import { clipped, prepare, type Scene } from './scene';
import { centre, columnX, inside, plot, rowY } from './view';

/** Pixels of the dashes of negative edges. */
export const DASH = [5, 4];
/** Strength below which an edge is as thin as can be. */
const THIN = 0.25;

/** Edges and nodes: the `budget` strongest edges, and some more nodes than that. */
export function drawBase(canvas: HTMLCanvasElement, scene: Scene, budget: number): void {
  const context = prepare(canvas, scene.view);
  clipped(context, scene.view, () => {
    canvas.dataset['edges'] = String(drawEdges(context, scene, budget));
    drawPruned(context, scene);
    drawNodes(context, scene, scene.selection.places.slice(-NODES_PER_EDGE * budget));
  });
}

/** Edges between tokens, and how many; those from leak and bias are for a selected node only. */
function drawEdges(context: CanvasRenderingContext2D, scene: Scene, budget: number): number {
  const { view, selection, theme } = scene;
  const { left, right, top, bottom } = plot(view);
  const { paths, count } = edgePaths(scene, budget);
  const dashed = selection.edges.length <= UNDASHED;
  const clip = new Path2D();
  clip.rect(left - 2, top - 12, right - left + 4, bottom - top + 14);
  context.save();
  context.clip(clip);
  for (const [key, path] of [...paths].sort(([a], [b]) => a - b)) {
    const strength = ((key >> 1) + 0.5) / BUCKETS;
    context.strokeStyle = key & 1 ? theme.minus : theme.plus;
    context.setLineDash(key & 1 && dashed ? DASH : []);
    context.globalAlpha = 0.12 + 0.75 * strength;
    context.lineWidth = edgeWidth(strength);
    context.stroke(path);
  }
  context.restore();
  return count;
}

/** One path for each bucket of the edges in sight. */
function edgePaths(
  { view, model, selection }: Scene,
  budget: number,
): { paths: Map<number, Path2D>; count: number } {
  const { left, right, top, bottom } = plot(view);
  const { data, weights } = model;
  const paths = new Map<number, Path2D>();
  let count = 0;
  for (const index of selection.edges.slice(-budget)) {
    const edge = at(data.edges, index);
    const source = at(data.nodes, edge.source);
    if (source.kind !== 'token') continue;
    const target = at(data.nodes, edge.target);
    const x1 = columnX(view, at(selection.columnOf, source.token));
    const x2 = columnX(view, at(selection.columnOf, target.token));
    const y1 = rowY(view, source.stage);
    const y2 = rowY(view, target.stage);
    if (Math.max(x1, x2) < left || Math.min(x1, x2) > right) continue;
    if (Math.min(y1, y2) > bottom || Math.max(y1, y2) < top) continue;
    const key = bucketKey(Math.sqrt(Math.abs(edge.weight) / weights.most), edge.weight);
    const path = paths.get(key) ?? new Path2D();
    paths.set(key, path);
    path.moveTo(x1, y1);
    path.lineTo(x2, y2);
    count += 1;
  }
  return { paths, count };
}

/** Weak edges, most of them by far, are one screen pixel wide: those draw several times faster. */
function edgeWidth(strength: number): number {
  return strength < THIN ? 1 / (window.devicePixelRatio || 1) : 1 + 5.5 * (strength - THIN);
}

/** States that were pruned: dots without edges. */
function drawPruned(
  context: CanvasRenderingContext2D,
  { view, model, selection, theme }: Scene,
): void {
  context.fillStyle = theme.muted;
  context.globalAlpha = 0.5;
  for (const place of selection.pruned) {
    const { x, y } = centre(model, selection, view, place);
    if (inside(view, { x, y }, 'token')) context.fillRect(x - 1, y - 1, 2, 2);
  }
  context.globalAlpha = 1;
}

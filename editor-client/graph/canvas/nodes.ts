/** Draws nodes: shape and sign tell for or against, size and colour tell how much. */

import type { NodeData } from '../model/data';
import { describe } from '../model/model';
import type { Scene } from './scene';
import { centre, inside, type Point } from './view';

/** Strengths that are told apart by shade. */
export const BUCKETS = 8;
/** Nodes or edges beyond which shapes and dashes cost more than anyone could see of them. */
export const UNDASHED = 6000;
/** Pixels per column below which a shape cannot be seen. */
const SPECKS = 5;

type Square = [x: number, y: number, width: number, height: number];

export function radius({ view, model }: Scene, relevance: number): number {
  const most = Math.min(13, Math.max(2.5, 0.46 * Math.min(view.columnWidth, view.rowHeight)));
  return Math.max(1.5, most * Math.min(1, Math.sqrt(Math.abs(relevance) / model.sizes.most)));
}

/** Bucket and sign in one number: even for positive, odd for negative. */
export function bucketKey(strength: number, value: number): number {
  return Math.min(BUCKETS - 1, Math.floor(strength * BUCKETS)) * 2 + (value < 0 ? 1 : 0);
}

function shape(
  path: Path2D,
  kind: NodeData['kind'],
  relevance: number,
  { x, y }: Point,
  r: number,
): void {
  if (kind !== 'token') {
    path.rect(x - r, y - r, 2 * r, 2 * r);
  } else if (relevance < 0) {
    const halfDiagonal = r * 1.25;
    path.moveTo(x, y - halfDiagonal);
    path.lineTo(x + halfDiagonal, y);
    path.lineTo(x, y + halfDiagonal);
    path.lineTo(x - halfDiagonal, y);
    path.closePath();
  } else {
    path.moveTo(x + r, y);
    path.arc(x, y, r, 0, 2 * Math.PI);
  }
}

export function drawNodes(
  context: CanvasRenderingContext2D,
  scene: Scene,
  places: readonly number[],
): void {
  const { view, model, selection, theme } = scene;
  const fills = new Map<number, Path2D>();
  const asSpecks = Math.min(view.columnWidth, view.rowHeight) < SPECKS && places.length > UNDASHED;
  const signs = new Path2D();
  const specks: { plus: Square[]; minus: Square[] } = { plus: [], minus: [] };
  for (const place of places) {
    const { kind, relevance } = describe(model, place);
    const point = centre(model, selection, view, place);
    if (!inside(view, point, kind)) continue;
    const r = radius(scene, relevance);
    if (asSpecks) {
      specks[relevance < 0 ? 'minus' : 'plus'].push([point.x - r, point.y - r, 2 * r, 2 * r]);
      continue;
    }
    const key = bucketKey(
      Math.min(1, Math.sqrt(Math.abs(relevance) / model.sizes.most)),
      relevance,
    );
    const path = fills.get(key) ?? new Path2D();
    fills.set(key, path);
    shape(path, kind, relevance, point, r);
    if (r >= 5) addSign(signs, point, r, relevance);
  }
  for (const side of ['plus', 'minus'] as const) {
    context.fillStyle = theme[side];
    for (const square of specks[side]) context.fillRect(...square);
  }
  for (const [key, path] of fills) fillNodes(context, scene, key, path);
  context.strokeStyle = theme['on-color'];
  context.lineWidth = 1.5;
  context.stroke(signs);
}

/** The nodes of one bucket. */
function fillNodes(
  context: CanvasRenderingContext2D,
  { theme }: Scene,
  key: number,
  path: Path2D,
): void {
  const color = key & 1 ? theme.minus : theme.plus;
  // An opaque ground first: edges must not shine through a pale node.
  context.fillStyle = theme.background;
  context.fill(path);
  context.globalAlpha = 0.35 + (0.65 * ((key >> 1) + 1)) / BUCKETS;
  context.fillStyle = color;
  context.fill(path);
  context.globalAlpha = 1;
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.stroke(path);
}

function addSign(path: Path2D, { x, y }: Point, r: number, relevance: number): void {
  const half = Math.min(4, r * 0.5);
  path.moveTo(x - half, y);
  path.lineTo(x + half, y);
  if (relevance < 0) return;
  path.moveTo(x, y - half);
  path.lineTo(x, y + half);
}

/**
 * Draws what surrounds the map: stages at the left, tokens below, the explained score at the top
 * right, and what lies between prompt and output.
 */

import { at } from '../model/at';
import type { GraphData } from '../model/data';
import { signed, visible } from '../model/text';
import { radius } from './nodes';
import { prepare, type Scene } from './scene';
import { absorbedX, centre, columnX, inside, plot, rowY } from './view';

/** Pixels between token labels. */
const LABEL_GAP = 13;

/** What surrounds the map and stays in full strength when the map is dimmed. */
export function drawFrame(canvas: HTMLCanvasElement, scene: Scene): void {
  const context = prepare(canvas, scene.view);
  drawStages(context, scene);
  drawColumns(context, scene);
  drawScore(context, scene);
}

function drawStages(context: CanvasRenderingContext2D, { view, model, theme }: Scene): void {
  const { left, right, top, bottom } = plot(view);
  const { stages } = model.data;
  const midpoints = stages.some((name) => name.endsWith('.attention'));
  const every = Math.max(1, Math.ceil(12 / view.rowHeight));
  context.font = '11px system-ui, sans-serif';
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  stages.forEach((name, stage) => {
    const y = rowY(view, stage);
    if (y < top - 1 || y > bottom + 1) return;
    context.fillStyle = theme.guide;
    if (view.rowHeight > 7) context.fillRect(left, y, view.width - left, 1);
    if (stage % every) return;
    context.fillStyle = theme.muted;
    context.fillText(stageLabel(name, midpoints), left - 8, y);
  });
  context.fillText('layer', left - 8, top - 14);
  context.fillStyle = theme.line;
  context.fillRect(right + 10, top - 8, 1, bottom - top + 12);
  context.fillStyle = theme.muted;
  context.textAlign = 'center';
  for (const kind of ['leak', 'bias'] as const) {
    if (model.kinds.has(kind)) context.fillText(kind, absorbedX(view, kind), top - 14);
  }
}

/** "12.mlp" → "12", or "12 mlp" where there are states between attention and MLP. */
function stageLabel(name: string, midpoints: boolean): string {
  const [layer = '', part] = name.split('.');
  if (part === undefined) return 'embed';
  return midpoints ? `${layer} ${part === 'attention' ? 'attn' : 'mlp'}` : layer;
}

/** Token labels, where the prompt ends, and where tokens are left out. */
function drawColumns(context: CanvasRenderingContext2D, scene: Scene): void {
  const { view, model, selection, theme } = scene;
  const { left, right, top, bottom } = plot(view);
  const { tokens } = model.data;
  context.fillStyle = theme.line;
  selection.columns.forEach((token, column) => {
    const x = Math.round(columnX(view, column) - view.columnWidth / 2);
    const before = at(selection.columns, column - 1);
    if (column === 0 || x < left || x > right) return;
    if (at(tokens, token).role === 'output' && at(tokens, before).role !== 'output') {
      context.fillRect(x, top - 8, 2, bottom - top + 12);
      context.font = '11px system-ui, sans-serif';
      context.textBaseline = 'middle';
      context.fillStyle = theme.muted;
      context.textAlign = 'right';
      context.fillText('prompt', x - 6, top - 14);
      context.textAlign = 'left';
      context.fillText('output', x + 6, top - 14);
      context.fillStyle = theme.line;
    } else if (token !== before + 1 && view.columnWidth > 6) {
      context.fillStyle = theme.muted;
      for (let y = bottom - 2; y < bottom + 10; y += 4) context.fillRect(x, y, 1.5, 1.5);
      context.fillStyle = theme.line;
    }
  });
  for (const column of labelled(scene)) drawLabel(context, scene, column, theme.text);
}

/** The columns whose labels find room, the tokens that matter most first. */
function labelled(scene: Scene): Iterable<number> {
  const { view, selection } = scene;
  const { left, right } = plot(view);
  const inSight = selection.columns
    .map((_, column) => column)
    .filter((column) => columnX(view, column) >= left && columnX(view, column) <= right);
  if (view.columnWidth >= LABEL_GAP) return inSight;
  const strength = new Map(inSight.map((column) => [column, columnStrength(scene, column)]));
  const taken = new Set<number>();
  const apart = Math.ceil(LABEL_GAP / view.columnWidth);
  for (const column of inSight.sort((a, b) => (strength.get(b) ?? 0) - (strength.get(a) ?? 0))) {
    const free = [...taken].every((other) => Math.abs(other - column) >= apart);
    if (free) taken.add(column);
  }
  return taken;
}

function columnStrength({ model, selection }: Scene, column: number): number {
  const token = at(selection.columns, column);
  return model.data.relevance.reduce((most, row) => Math.max(most, Math.abs(at(row, token))), 0);
}

export function drawLabel(
  context: CanvasRenderingContext2D,
  { view, model, selection, theme }: Scene,
  column: number,
  color: string,
): void {
  const token = at(model.data.tokens, at(selection.columns, column));
  const y = plot(view).bottom + 12;
  context.save();
  context.translate(columnX(view, column), y);
  context.rotate(-Math.PI / 3);
  const template = token.role === 'template';
  context.font = `${template ? 'italic ' : ''}11px ui-monospace, monospace`;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  context.fillStyle = template ? theme.muted : color;
  const text = visible(token.text, 12);
  context.fillText(text, 0, 0);
  const { width } = context.measureText(text);
  context.font = '9px system-ui, sans-serif';
  context.fillStyle = theme.muted;
  context.fillText(String(token.index), -width - 5, 0);
  context.restore();
}

/** What is explained: top right, above the node of the last token. */
function drawScore(context: CanvasRenderingContext2D, scene: Scene): void {
  const { view, model, theme } = scene;
  const [first, second] = scoreLines(model.data);
  context.textBaseline = 'middle';
  context.font = 'bold 13px system-ui, sans-serif';
  const width = context.measureText(first).width;
  context.font = '12px system-ui, sans-serif';
  const wide = Math.max(width, context.measureText(second).width) + 16;
  const x = view.width - wide - 8;
  drawStem(context, scene, x);
  context.fillStyle = theme.raised;
  context.strokeStyle = theme.muted;
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(x, 4.5, wide, 38, 5);
  context.fill();
  context.stroke();
  context.textAlign = 'left';
  context.fillStyle = theme.text;
  context.fillText(second, x + 8, 32);
  context.font = 'bold 13px system-ui, sans-serif';
  context.fillText(first, x + 8, 16);
}

/** The line from the explained node up to the box at `x`. */
function drawStem(context: CanvasRenderingContext2D, scene: Scene, x: number): void {
  const { view, model, selection, theme } = scene;
  const score = model.data.logit_diff;
  const top = centre(model, selection, view, model.tokenPlaceCount - 1);
  if (!inside(view, top, 'token')) return;
  context.strokeStyle = score < 0 ? theme.minus : theme.plus;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(top.x, Math.max(top.y, plot(view).top) - radius(scene, score));
  context.lineTo(Math.max(top.x, x + 8), 42);
  context.stroke();
}

function scoreLines({ objective, pair, logit_diff: score }: GraphData): [string, string] {
  const wrote = `wrote “${visible(pair.target.text, 16)}”`;
  if (objective !== 'contrast') return [`score (${objective}) = ${signed(score)}`, wrote];
  const contrast = `not “${visible(pair.contrast.text, 16)}”`;
  return [`Δℓ = ${signed(score)}`, `${wrote}, ${contrast}`];
}

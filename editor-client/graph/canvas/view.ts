/**
 * Where things are on the canvas, in CSS pixels. Columns are tokens, rows are stages; both scales
 * grow with the zoom, from the one at which everything fits.
 */

import { at } from '../model/at';
import type { NodeData } from '../model/data';
import { describe, type Model } from '../model/model';
import type { Selection } from '../model/selection';

const MARGIN = { left: 58, right: 104, top: 62, bottom: 96 };
/** Pixels per column and per row when fitted, and per either when zoomed in. */
const WIDEST = 150;
const TALLEST = 64;
const LARGEST = 150;

export interface View {
  width: number;
  height: number;
  columns: number;
  rows: number;
  columnWidth: number;
  rowHeight: number;
  /** Pixels by which the plot is scrolled. */
  scrollX: number;
  scrollY: number;
  zoomed: boolean;
}

export interface Point {
  x: number;
  y: number;
}

export function makeView(): View {
  return {
    width: 0,
    height: 0,
    columns: 1,
    rows: 1,
    columnWidth: 1,
    rowHeight: 1,
    scrollX: 0,
    scrollY: 0,
    zoomed: false,
  };
}

export interface Plot {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export function plot(view: View): Plot {
  return {
    left: MARGIN.left,
    right: view.width - MARGIN.right,
    top: MARGIN.top,
    bottom: view.height - MARGIN.bottom,
  };
}

function fitted(view: View): Pick<View, 'columnWidth' | 'rowHeight'> {
  const { left, right, top, bottom } = plot(view);
  return {
    columnWidth: Math.min(WIDEST, Math.max(1, right - left) / view.columns),
    rowHeight: Math.min(TALLEST, Math.max(1, bottom - top) / view.rows),
  };
}

/** Shows everything. */
export function fit(view: View): void {
  Object.assign(view, fitted(view), { zoomed: false });
  clamp(view);
}

/** A new size of canvas or number of columns: what was zoomed stays so. */
export function reshape(view: View, change: Partial<View>): void {
  const moved = change.columns !== undefined && change.columns !== view.columns;
  Object.assign(view, change);
  if (moved || !view.zoomed) fit(view);
  else zoom(view, 1, 1, plot(view).left, plot(view).top);
}

/** Scales about the point (x, y), which stays where it is. */
export function zoom(view: View, factorX: number, factorY: number, x: number, y: number): void {
  const least = fitted(view);
  const { left, bottom } = plot(view);
  const column = (x - left + view.scrollX) / view.columnWidth;
  const row = (bottom - y + view.scrollY) / view.rowHeight;
  view.columnWidth = Math.min(
    Math.max(view.columnWidth * factorX, least.columnWidth),
    Math.max(LARGEST, least.columnWidth),
  );
  view.rowHeight = Math.min(
    Math.max(view.rowHeight * factorY, least.rowHeight),
    Math.max(LARGEST, least.rowHeight),
  );
  view.zoomed = view.columnWidth > least.columnWidth || view.rowHeight > least.rowHeight;
  view.scrollX = column * view.columnWidth - (x - left);
  view.scrollY = row * view.rowHeight - (bottom - y);
  clamp(view);
}

export function pan(view: View, dx: number, dy: number): void {
  view.scrollX -= dx;
  view.scrollY += dy;
  clamp(view);
}

/** Keeps the plot full; where there is room to spare, the columns stand at its right. */
function clamp(view: View): void {
  const { left, right, top, bottom } = plot(view);
  const spareX = view.columns * view.columnWidth - (right - left);
  const spareY = view.rows * view.rowHeight - (bottom - top);
  view.scrollX = spareX <= 0 ? spareX : Math.min(Math.max(view.scrollX, 0), spareX);
  view.scrollY = spareY <= 0 ? 0 : Math.min(Math.max(view.scrollY, 0), spareY);
}

export function columnX(view: View, column: number): number {
  return MARGIN.left + (column + 0.5) * view.columnWidth - view.scrollX;
}

export function rowY(view: View, row: number): number {
  return view.height - MARGIN.bottom - (row + 0.5) * view.rowHeight + view.scrollY;
}

export function absorbedX(view: View, kind: NodeData['kind']): number {
  return view.width - MARGIN.right + (kind === 'leak' ? 34 : 78);
}

/** Centre of a place. */
export function centre(model: Model, selection: Selection, view: View, place: number): Point {
  const { kind, stage } = describe(model, place);
  const x =
    kind === 'token'
      ? columnX(view, at(selection.columnOf, place % model.tokenCount))
      : absorbedX(view, kind);
  return { x, y: rowY(view, stage) };
}

/** Whether a centre lies in the part that is drawn. */
export function inside(view: View, { x, y }: Point, kind: NodeData['kind']): boolean {
  const { left, right, top, bottom } = plot(view);
  return y >= top - 1 && y <= bottom + 1 && (kind !== 'token' || (x >= left - 1 && x <= right + 1));
}

/** The drawn place nearest to (x, y), within reach, or −1; the grid itself is the index. */
export function placeAt(model: Model, selection: Selection, view: View, { x, y }: Point): number {
  const row = Math.round((view.height - MARGIN.bottom - y + view.scrollY) / view.rowHeight - 0.5);
  const reach = Math.max(9, Math.min(view.columnWidth, view.rowHeight) / 2);
  let best = -1;
  let least = reach;
  const near = Math.ceil(reach / view.rowHeight);
  for (let stage = row - near; stage <= row + near; stage += 1) {
    for (const place of candidates(model, selection, view, { x, stage, reach })) {
      const point = centre(model, selection, view, place);
      const distance = Math.hypot(point.x - x, point.y - y);
      if (distance < least && inside(view, point, describe(model, place).kind)) {
        [best, least] = [place, distance];
      }
    }
  }
  return best;
}

/** Drawn places of one stage within `reach` of `x`: by column, and the two at the margin. */
function candidates(
  model: Model,
  selection: Selection,
  view: View,
  { x, stage, reach }: { x: number; stage: number; reach: number },
): number[] {
  if (stage < 0 || stage >= selection.rows.length) return [];
  const columnAt = (offset: number): number =>
    Math.floor((x + offset - MARGIN.left + view.scrollX) / view.columnWidth);
  const places: number[] = [];
  for (let column = Math.max(0, columnAt(-reach)); column <= columnAt(reach); column += 1) {
    if (column >= selection.columns.length) break;
    const place = stage * model.tokenCount + at(selection.columns, column);
    if (at(selection.drawn, place)) places.push(place);
  }
  return places.concat(at(selection.rows, stage).filter((place) => place >= model.tokenPlaceCount));
}

/** Moves the view so that a place is in it. */
export function reveal(model: Model, selection: Selection, view: View, place: number): void {
  const point = centre(model, selection, view, place);
  const { left, right, top, bottom } = plot(view);
  const room = (low: number, high: number): number => Math.min(40, (high - low) / 3);
  const shift = (value: number, low: number, high: number): number =>
    value < low + room(low, high)
      ? low + room(low, high) - value
      : Math.min(0, high - room(low, high) - value);
  const dx = place < model.tokenPlaceCount ? shift(point.x, left, right) : 0;
  pan(view, dx, shift(point.y, top, bottom));
}

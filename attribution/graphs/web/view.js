/*
 * Where things are on the canvas, in CSS pixels. Columns are tokens, rows are stages; both scales
 * grow with the zoom, from the one at which everything fits.
 */

const MARGIN = { left: 58, right: 104, top: 62, bottom: 96 };
const WIDEST = 150; // pixels per column when fitted
const TALLEST = 64;
const LARGEST = 150; // pixels per column or row when zoomed in

function makeView() {
  return { width: 0, height: 0, columns: 1, rows: 1, sx: 1, sy: 1, ox: 0, oy: 0, zoomed: false };
}

function plot(view) {
  return {
    left: MARGIN.left,
    right: view.width - MARGIN.right,
    top: MARGIN.top,
    bottom: view.height - MARGIN.bottom,
  };
}

function fitted(view) {
  const { left, right, top, bottom } = plot(view);
  return {
    sx: Math.min(WIDEST, Math.max(1, right - left) / view.columns),
    sy: Math.min(TALLEST, Math.max(1, bottom - top) / view.rows),
  };
}

/** Shows everything. */
function fit(view) {
  Object.assign(view, fitted(view), { zoomed: false });
  clamp(view);
}

/** A new size of canvas or number of columns: what was zoomed stays so. */
function reshape(view, change) {
  const moved = change.columns !== undefined && change.columns !== view.columns;
  Object.assign(view, change);
  if (moved || !view.zoomed) fit(view);
  else zoom(view, 1, 1, plot(view).left, plot(view).top);
}

/** Scales about the point (x, y), which stays where it is. */
function zoom(view, fx, fy, x, y) {
  const least = fitted(view);
  const { left, bottom } = plot(view);
  const column = (x - left + view.ox) / view.sx;
  const row = (bottom - y + view.oy) / view.sy;
  view.sx = Math.min(Math.max(view.sx * fx, least.sx), Math.max(LARGEST, least.sx));
  view.sy = Math.min(Math.max(view.sy * fy, least.sy), Math.max(LARGEST, least.sy));
  view.zoomed = view.sx > least.sx || view.sy > least.sy;
  view.ox = column * view.sx - (x - left);
  view.oy = row * view.sy - (bottom - y);
  clamp(view);
}

function pan(view, dx, dy) {
  view.ox -= dx;
  view.oy += dy;
  clamp(view);
}

/** Keeps the plot full; where there is room to spare, the columns stand at its right. */
function clamp(view) {
  const { left, right, top, bottom } = plot(view);
  const spareX = view.columns * view.sx - (right - left);
  const spareY = view.rows * view.sy - (bottom - top);
  view.ox = spareX <= 0 ? spareX : Math.min(Math.max(view.ox, 0), spareX);
  view.oy = spareY <= 0 ? 0 : Math.min(Math.max(view.oy, 0), spareY);
}

function columnX(view, column) {
  return MARGIN.left + (column + 0.5) * view.sx - view.ox;
}

function rowY(view, row) {
  return view.height - MARGIN.bottom - (row + 0.5) * view.sy + view.oy;
}

function absorbedX(view, kind) {
  return view.width - MARGIN.right + (kind === 'leak' ? 34 : 78);
}

/** Centre of a place. */
function centre(model, selection, view, place) {
  const { kind, stage } = describe(model, place);
  const x =
    kind === 'token' ? columnX(view, selection.columnOf[place % model.n]) : absorbedX(view, kind);
  return { x, y: rowY(view, stage) };
}

/** Whether a centre lies in the part that is drawn. */
function inside(view, { x, y }, kind) {
  const { left, right, top, bottom } = plot(view);
  return y >= top - 1 && y <= bottom + 1 && (kind !== 'token' || (x >= left - 1 && x <= right + 1));
}

/** The drawn place nearest to (x, y), within reach; the grid itself is the index. */
function placeAt(model, selection, view, x, y) {
  const row = Math.round((view.height - MARGIN.bottom - y + view.oy) / view.sy - 0.5);
  const reach = Math.max(9, Math.min(view.sx, view.sy) / 2);
  let best = -1;
  let least = reach;
  const near = Math.ceil(reach / view.sy);
  for (let stage = row - near; stage <= row + near; stage += 1) {
    for (const place of candidates(model, selection, view, x, stage, reach)) {
      const at = centre(model, selection, view, place);
      const distance = Math.hypot(at.x - x, at.y - y);
      if (distance < least && inside(view, at, describe(model, place).kind)) {
        [best, least] = [place, distance];
      }
    }
  }
  return best;
}

/** Drawn places of one stage within `reach` of `x`: by column, and the two at the margin. */
function candidates(model, selection, view, x, stage, reach) {
  if (stage < 0 || stage >= selection.rows.length) return [];
  const at = (offset) => Math.floor((x + offset - MARGIN.left + view.ox) / view.sx);
  const found = [];
  for (let column = Math.max(0, at(-reach)); column <= at(reach); column += 1) {
    if (column >= selection.columns.length) break;
    const place = stage * model.n + selection.columns[column];
    if (selection.drawn[place]) found.push(place);
  }
  const absorbed = selection.rows[stage].filter((place) => place >= model.cells);
  return found.concat(absorbed);
}

/** Moves the view so that a place is in it. */
function reveal(model, selection, view, place) {
  const at = centre(model, selection, view, place);
  const { left, right, top, bottom } = plot(view);
  const room = (low, high) => Math.min(40, (high - low) / 3);
  const shift = (value, low, high) =>
    value < low + room(low, high)
      ? low + room(low, high) - value
      : Math.min(0, high - room(low, high) - value);
  const dx = place < model.cells ? shift(at.x, left, right) : 0;
  pan(view, dx, shift(at.y, top, bottom));
}

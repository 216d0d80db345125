/** Pointer and keys: zoom, pan, point at a node, move among the nodes, open one. */

import { fit, pan, placeAt, plot, zoom } from '../canvas/view';
import { at } from '../model/at';
import { describe } from '../model/model';
import { summary } from '../model/names';
import { neighbour } from '../model/selection';
import { actions, goTo, tell } from './actions';
import { byId } from './elements';
import { redraw } from './painting';
import { marks, scene, view } from './state';

/** How far one key or button zooms. */
const STEP = 1.4;
/** Pixels that the pointer moves before a click is a drag. */
const SLACK = 4;

/** Zooms about the middle of the plot. */
const zoomer = (factor: number) => (): void => {
  const { left, right, top, bottom } = plot(view);
  zoom(view, factor, factor, (left + right) / 2, (top + bottom) / 2);
  redraw('base');
};

const zoomIn = zoomer(STEP);
const zoomOut = zoomer(1 / STEP);

function fitAll(): void {
  fit(view);
  redraw('base');
}

interface Drag {
  x: number;
  y: number;
  moved: boolean;
}

function dragTo(drag: Drag, event: PointerEvent): void {
  const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
  if (!drag.moved && Math.hypot(dx, dy) < SLACK) return;
  Object.assign(drag, { x: event.clientX, y: event.clientY, moved: true });
  byId('overlay').classList.add('dragging');
  pan(view, dx, dy);
  redraw('base');
}

export function bindPointer(): void {
  const overlay = byId('overlay');
  let drag: Drag | null = null;
  overlay.addEventListener('pointerdown', (event) => {
    drag = { x: event.clientX, y: event.clientY, moved: false };
    overlay.setPointerCapture(event.pointerId);
  });
  overlay.addEventListener('pointermove', (event) => {
    if (drag) dragTo(drag, event);
    else point(event.offsetX, event.offsetY);
  });
  overlay.addEventListener('pointerup', (event) => {
    overlay.classList.remove('dragging');
    const { model, selection } = scene();
    const place = placeAt(model, selection, view, { x: event.offsetX, y: event.offsetY });
    if (drag && !drag.moved && place >= 0) actions.select(place);
    else if (drag && !drag.moved && marks.selected >= 0) actions.close();
    drag = null;
  });
  overlay.addEventListener('pointercancel', () => {
    drag = null;
  });
  overlay.addEventListener('pointerleave', () => {
    point(-100, -100);
  });
  overlay.addEventListener('wheel', wheel, { passive: false });
}

/** Zooms the tokens; with Ctrl (or two fingers) the stages, too; sideways it pans. */
function wheel(event: WheelEvent): void {
  event.preventDefault();
  const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (sideways) {
    pan(view, -(event.deltaX || event.deltaY), 0);
  } else {
    const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002));
    zoom(view, factor, event.ctrlKey ? factor : 1, event.offsetX, event.offsetY);
  }
  redraw('base');
}

/** The pointer is at (x, y): its node is named beside it and told to other views. */
function point(x: number, y: number): void {
  const { model, selection } = scene();
  const place = placeAt(model, selection, view, { x, y });
  if (place === marks.hover) return;
  marks.hover = place;
  tell('point', place < 0 ? -1 : describe(model, place).token);
  byId('overlay').classList.toggle('pointing', place >= 0);
  const tip = byId('tip');
  tip.hidden = place < 0;
  if (place >= 0) {
    tip.textContent = summary(model, place);
    const left = x > view.width / 2 ? x - tip.offsetWidth - 14 : x + 14;
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${Math.max(0, y - tip.offsetHeight - 10)}px`;
  }
  redraw('overlay');
}

/** Moves the cursor to the next node beside (dx) or above (dy). */
const mover = (dx: number, dy: number) => (): void => {
  const { model, selection } = scene();
  const from = marks.cursor;
  goTo(from < 0 ? model.tokenPlaceCount - 1 : neighbour(model, selection, from, dx, dy));
};

/** Moves the cursor to the first (0) or last (−1) node of its stage. */
const endMover = (index: 0 | -1) => (): void => {
  const { model, selection } = scene();
  const from = marks.cursor < 0 ? model.tokenPlaceCount - 1 : marks.cursor;
  const place = at(selection.rows, describe(model, from).stage).at(index);
  if (place !== undefined) goTo(place);
};

function followCursor(): void {
  if (marks.cursor >= 0) actions.follow(marks.cursor);
}

function openNode(): void {
  if (marks.cursor < 0) return;
  actions.select(marks.cursor);
  byId('panel').focus();
}

const KEYS = new Map<string, () => void>([
  ['ArrowLeft', mover(-1, 0)],
  ['ArrowRight', mover(1, 0)],
  ['ArrowUp', mover(0, 1)],
  ['ArrowDown', mover(0, -1)],
  ['Home', endMover(0)],
  ['End', endMover(-1)],
  ['Enter', openNode],
  ['Escape', actions.close],
  ['p', followCursor],
  ['+', zoomIn],
  ['-', zoomOut],
  ['0', fitAll],
]);

export function bindKeys(): void {
  byId('overlay').addEventListener('keydown', (event) => {
    const action = KEYS.get(event.key);
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
  byId('panel').addEventListener('keydown', (event) => {
    if (event.key === 'Escape') actions.close();
  });
  byId('in').addEventListener('click', zoomIn);
  byId('out').addEventListener('click', zoomOut);
  byId('fit').addEventListener('click', fitAll);
}

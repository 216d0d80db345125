/** Draws what was asked for in the next frame, and what that left out once nothing moves. */

import { drawBase } from '../canvas/base';
import { drawFrame } from '../canvas/frame';
import { drawOverlay } from '../canvas/overlay';
import { budgetAfter, MOST_EDGES, NODES_PER_EDGE } from '../canvas/pace';
import { canvas } from './elements';
import { marks, scene } from './state';

/** Milliseconds of rest before everything is drawn. */
const REST = 150;

/** The map with what surrounds it, or only what lies above it. */
export type Layer = 'base' | 'overlay';

let pending = new Set<Layer>();
let settling: ReturnType<typeof setTimeout> | undefined;
/** Edges that the next frame may draw. */
let budget = MOST_EDGES;
/** Whether the last frame left some out. */
let incomplete = false;
let afterRest = (): void => undefined;

/** `work` is done each time that nothing has moved for a while. */
export function whenAtRest(work: () => void): void {
  afterRest = work;
}

/** Draws in the next frame, whatever has been asked for until then. */
export function redraw(layer: Layer): void {
  if (!pending.size) requestAnimationFrame(paint);
  pending.add(layer);
}

function paint(): void {
  const wanted = pending;
  pending = new Set();
  const base = canvas('base');
  base.classList.toggle('dimmed', marks.selected >= 0 || marks.path.length > 0);
  if (wanted.has('base')) paintBase(base);
  drawOverlay(canvas('overlay'), scene(), marks);
}

function paintBase(base: HTMLCanvasElement): void {
  const shown = scene();
  drawFrame(canvas('frame'), shown);
  const { edges, places } = shown.selection;
  incomplete = edges.length > budget || places.length > NODES_PER_EDGE * budget;
  const start = performance.now();
  drawBase(base, shown, budget);
  requestAnimationFrame(() => {
    budget = budgetAfter(budget, performance.now() - start); // the next frame waits for this one
  });
  clearTimeout(settling);
  settling = setTimeout(rest, REST);
}

/** What waits until nothing moves: what a frame of a large graph left out, and the tables. */
function rest(): void {
  if (incomplete) drawBase(canvas('base'), scene(), Infinity);
  afterRest();
}

/** What is drawn, and in which colours. */

import type { Model } from '../model/model';
import type { Selection } from '../model/selection';
import { plot, type View } from './view';

const COLORS = [
  'background',
  'text',
  'muted',
  'line',
  'guide',
  'raised',
  'plus',
  'minus',
  'on-color',
  'absorbed',
  'accent',
  'band',
] as const;

export type Theme = Record<(typeof COLORS)[number], string>;

export interface Scene {
  view: View;
  model: Model;
  selection: Selection;
  theme: Theme;
}

/** The colours of the style sheet, as they are now. */
export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  return Object.fromEntries(
    COLORS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  ) as Theme;
}

/** Sizes the canvas for the screen's pixels and returns its context, in CSS pixels and empty. */
export function prepare(canvas: HTMLCanvasElement, view: View): CanvasRenderingContext2D {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser draws no canvas.');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  return context;
}

/** Runs `work` with the drawing confined to plot and margin column. */
export function clipped(context: CanvasRenderingContext2D, view: View, work: () => void): void {
  const { left, top, bottom } = plot(view);
  context.save();
  context.beginPath();
  context.rect(left - 2, top - 12, view.width - left + 2, bottom - top + 14);
  context.clip();
  work();
  context.restore();
}

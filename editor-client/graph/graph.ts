/**
 * Puts the view together: settings, pointer, keys. It works on the elements of graph.html and shows
 * one graph at a time. Another view can follow and lead by events of the window: pointing at a node
 * sends `tokenblame:point`, selecting one `tokenblame:select`, and `tokenblame:highlight` marks a
 * token here; all carry {token} (null or −1: none). `tokenblame:theme` has the colours read anew.
 */

import { readTheme } from './canvas/scene';
import { reshape } from './canvas/view';
import type { GraphData } from './model/data';
import { makeModel } from './model/model';
import { sideOf } from './model/names';
import { select } from './model/selection';
import { visible } from './model/text';
import { listStrongest, show } from './page/actions';
import { bindSearch, bindSettings, clearSearch, readSliders, update } from './page/controls';
import { byId } from './page/elements';
import { bindKeys, bindPointer } from './page/input';
import { redraw, whenAtRest } from './page/painting';
import { change, isOpen, marks, open, scene, search, settings, view } from './page/state';

function recolor(): void {
  change({ theme: readTheme() });
  redraw('base');
}

function bindWindow(): void {
  new ResizeObserver(([entry]) => {
    if (!entry) return;
    const { width, height } = entry.contentRect;
    reshape(view, { width, height });
    redraw('base');
  }).observe(byId('map'));
  window.addEventListener('resize', () => {
    redraw('base'); // another screen: other pixels
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recolor);
  window.addEventListener('tokenblame:theme', recolor);
  window.addEventListener('tokenblame:highlight', (event) => {
    highlight((event as CustomEvent<{ token: number | null } | null>).detail?.token ?? -1);
  });
}

function highlight(token: number): void {
  marks.tokens = token >= 0 ? [token] : search.tokens;
  if ((scene().selection.columnOf[token] ?? -1) >= 0) show(token);
  redraw('overlay');
}

function describeGraph(): void {
  const { model } = scene();
  const { task_id: task, model: name, method, pair, retokenized } = model.data;
  document.title = `${task} · attribution graph · Token Blame`;
  byId('title').textContent = `Why “${visible(pair.target.text)}”? ${task}, ${name}, ${method}`;
  const proof = pair.origin === 'verified' ? ' (proved by the tests)' : ` (${pair.origin})`;
  const anew = retokenized ? ' The text was tokenised anew.' : '';
  byId('subtitle').textContent =
    `At token ${pair.position} the model wrote “${visible(pair.target.text)}” ` +
    `instead of “${visible(pair.contrast.text)}”${proof}.${anew}`;
  byId('plus').textContent = sideOf(model, 1);
  byId('minus').textContent = sideOf(model, -1);
}

/**
 * Shows a graph, in the place of the one that is shown; the sliders stay where they are.
 *
 * @param data the JSON of `tokenblame graph --json`
 */
export function openGraph(data: unknown): void {
  const first = !isOpen();
  const model = makeModel(data as GraphData);
  open({ model, selection: select(model, settings), theme: readTheme() });
  Object.assign(marks, { hover: -1, cursor: -1, selected: -1, path: [], tokens: [] });
  clearSearch();
  readSliders();
  view.columns = 0; // whatever was zoomed was of another graph
  describeGraph();
  update();
  if (!first) return;
  whenAtRest(listStrongest);
  bindSettings();
  bindSearch();
  bindPointer();
  bindKeys();
  bindWindow();
}

/** The form above the map: thresholds, what is drawn, and the search for a token. */

import { reshape } from '../canvas/view';
import { at } from '../model/at';
import { describe, findTokens, type Scale } from '../model/model';
import { select, type Settings } from '../model/selection';
import { actions, show } from './actions';
import { byId, input } from './elements';
import { redraw } from './painting';
import { change, marks, scene, search, settings, view } from './state';

interface Slider {
  id: string;
  setting: 'nodesAbove' | 'edgesAbove';
  scale: 'sizes' | 'weights';
}

const SLIDERS: readonly Slider[] = [
  { id: 'nodes', setting: 'nodesAbove', scale: 'sizes' },
  { id: 'edges', setting: 'edgesAbove', scale: 'weights' },
];

const BOXES = ['template', 'empty', 'pruned'] as const satisfies readonly (keyof Settings)[];

/** After a change of settings: what is shown, and everything that depends on it. */
export function update(): void {
  const { model } = scene();
  const selection = select(model, settings);
  change({ selection });
  if (marks.cursor >= 0 && !at(selection.drawn, marks.cursor)) marks.cursor = -1;
  reshape(view, { columns: selection.columns.length, rows: model.data.stages.length });
  const nodes = selection.places.length;
  const edges = selection.edges.length;
  const all = model.data;
  const drawn = byId('drawn');
  drawn.textContent = `${nodes} of ${all.nodes.length} nodes, ${edges} of ${all.edges.length} edges`;
  drawn.title = 'Of this file, with the nodes and edges of leaks and biases';
  Object.assign(drawn.dataset, { nodes, edges });
  redraw('base');
}

/** A slider's position as a threshold: 0 is none, the rest is logarithmic. */
function threshold(slider: HTMLInputElement, { least, most }: Scale): number {
  const share = slider.valueAsNumber / 100;
  return share ? least * (most / least) ** share : 0;
}

/** Takes a slider's threshold and says what it is. */
function readSlider({ id, setting, scale }: Slider): void {
  const { model } = scene();
  const score = Math.abs(model.data.logit_diff);
  const value = threshold(input(id), model[scale]);
  settings[setting] = value;
  const share = score ? ` (${((100 * value) / score).toPrecision(2)} %)` : '';
  byId(`${id}-above`).textContent = value ? value.toPrecision(2) + share : 'all';
}

/** Thresholds of another graph, with the sliders where they are. */
export function readSliders(): void {
  SLIDERS.forEach(readSlider);
}

export function bindSettings(): void {
  for (const slider of SLIDERS) {
    byId(slider.id).addEventListener('input', () => {
      readSlider(slider);
      update();
    });
  }
  for (const name of BOXES) {
    byId(name).addEventListener('input', () => {
      settings[name] = input(name).checked;
      update();
    });
  }
  byId('controls').addEventListener('submit', (event) => {
    event.preventDefault();
  });
}

/** Forgets what was searched for. */
export function clearSearch(): void {
  search.tokens = [];
  search.current = -1;
  input('find').value = '';
  byId('match-count').textContent = '';
}

function searchTokens(): void {
  const { model, selection } = scene();
  const wanted = input('find').value;
  search.tokens = findTokens(model, wanted);
  search.current = -1;
  marks.tokens = search.tokens;
  const hidden = search.tokens.filter((token) => at(selection.columnOf, token) < 0).length;
  const count = `${search.tokens.length}${hidden ? `, ${hidden} hidden` : ''}`;
  byId('match-count').textContent = wanted ? count : '';
  redraw('overlay');
}

/** Selects the strongest node of the next token that was found, or of the one before. */
function goToNext(backwards: boolean): void {
  const { model, selection } = scene();
  const shown = search.tokens.filter((token) => at(selection.columnOf, token) >= 0);
  if (!shown.length) return;
  search.current = (search.current + (backwards ? shown.length - 1 : 1)) % shown.length;
  const token = at(shown, Math.max(0, search.current));
  const places = selection.rows.flat().filter((place) => describe(model, place).token === token);
  if (!places.length) {
    show(token);
    return;
  }
  const size = (place: number): number => Math.abs(describe(model, place).relevance);
  actions.select(places.reduce((a, b) => (size(b) > size(a) ? b : a)));
}

export function bindSearch(): void {
  byId('find').addEventListener('input', searchTokens);
  byId('find').addEventListener('keydown', (event) => {
    if (event.key === 'Enter') goToNext(event.shiftKey);
  });
}

/** What a reader does with the graph: select a place, follow its path, close, go somewhere. */

import { reveal } from '../canvas/view';
import { at } from '../model/at';
import { describe } from '../model/model';
import { nameOf, summary } from '../model/names';
import { type Selection, strongestPath } from '../model/selection';
import { byId } from './elements';
import { showOverview } from './overview';
import { redraw } from './painting';
import { type Actions, showNode } from './panel';
import { marks, scene, view } from './state';

/** The selection that the panel's table is of. */
let listed: Selection | null = null;

/** For views beside this one; a leak or bias belongs to no token (−1). */
export function tell(what: 'point' | 'select', token: number): void {
  window.dispatchEvent(new CustomEvent(`tokenblame:${what}`, { detail: { token } }));
}

/** Brings a place into sight. */
export function show(place: number): void {
  const { model, selection } = scene();
  reveal(model, selection, view, place);
  redraw('base');
}

/** Lists the strongest tokens unless a node is selected or they are listed already. */
export function listStrongest(): void {
  const { model, selection } = scene();
  if (listed === selection || marks.selected >= 0) return;
  showOverview(byId('panel'), model, selection, actions);
  listed = selection;
}

/** Puts the cursor on a place. */
export function goTo(place: number): void {
  const { model } = scene();
  marks.cursor = place;
  tell('point', describe(model, place).token);
  byId('live').textContent = summary(model, place);
  show(place);
}

export const actions: Actions = {
  select: (place) => {
    const { model, selection } = scene();
    Object.assign(marks, { selected: place, cursor: place, path: [] });
    listed = null;
    showNode(byId('panel'), model, place, actions);
    byId('panel').scrollTop = 0;
    byId('live').textContent = summary(model, place);
    if (at(selection.columnOf, place % model.tokenCount) >= 0) show(place);
    tell('select', describe(model, place).token);
    redraw('overlay');
  },

  follow: (place) => {
    const { model, selection } = scene();
    marks.path = strongestPath(model, selection, place);
    const names = marks.path.map((step) => nameOf(model, step));
    const end =
      (marks.path.at(-1) ?? model.tokenCount) < model.tokenCount
        ? 'to the embedding'
        : 'then pruned';
    byId('live').textContent = `Strongest path: ${names.join(', ')}, ${end}`;
    redraw('overlay');
  },

  close: () => {
    Object.assign(marks, { selected: -1, path: [] });
    listed = null;
    listStrongest();
    byId('overlay').focus();
    redraw('overlay');
  },
};

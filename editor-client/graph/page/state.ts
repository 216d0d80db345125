/** What the page shows now. One graph at a time; everything that moves lives here. */

import type { Marks } from '../canvas/overlay';
import type { Scene, Theme } from '../canvas/scene';
import { makeView, type View } from '../canvas/view';
import type { Model } from '../model/model';
import type { Selection, Settings } from '../model/selection';

export const view: View = makeView();

export const settings: Settings = {
  nodesAbove: 0,
  edgesAbove: 0,
  template: true,
  empty: false,
  pruned: false,
};

export const marks: Marks = { hover: -1, cursor: -1, selected: -1, path: [], tokens: [] };

/** Tokens that were searched for, and which of them was gone to last. */
export const search: { tokens: number[]; current: number } = { tokens: [], current: -1 };

interface Opened {
  model: Model;
  selection: Selection;
  theme: Theme;
}

let opened: Opened | null = null;

export const isOpen = (): boolean => opened !== null;

/** The graph that is open; there must be one. */
export function scene(): Scene {
  if (!opened) throw new Error('No graph is open.');
  return { view, ...opened };
}

export function open(graph: Opened): void {
  opened = graph;
}

/** Takes what has changed of the open graph. */
export function change(changes: Partial<Opened>): void {
  if (opened) opened = { ...opened, ...changes };
}

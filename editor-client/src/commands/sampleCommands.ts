/** Commands of the view "Samples": how it is sorted and what it shows. */

import * as vscode from 'vscode';
import { OUTCOME_KINDS, type OutcomeKind } from '../outcomes/outcomes';
import { OUTCOME_ICONS, OUTCOME_NAMES } from '../samples/labels';
import { NO_FILTER, type Order, ORDERS } from '../samples/sampleList';
import type { SampleTree } from '../samples/sampleTree';

const ORDER_NAMES: Record<Order, string> = {
  task: 'Task',
  outcome: 'Outcome',
  logitDiff: 'Δℓ, largest first',
};

async function sort(tree: SampleTree): Promise<void> {
  const items = ORDERS.map((order) => ({
    label: ORDER_NAMES[order],
    ...(order === tree.order && { description: 'now' }),
    order,
  }));
  const chosen = await vscode.window.showQuickPick(items, { title: 'Sort samples by' });
  if (chosen) await tree.setOrder(chosen.order);
}

async function filterByOutcome(tree: SampleTree): Promise<void> {
  const { kinds } = tree.filter;
  const items = OUTCOME_KINDS.map((kind: OutcomeKind) => ({
    label: `$(${OUTCOME_ICONS[kind].id}) ${OUTCOME_NAMES[kind]}`,
    picked: kinds.length === 0 || kinds.includes(kind),
    outcome: kind,
  }));
  const title = 'Show samples of which outcome?';
  const chosen = await vscode.window.showQuickPick(items, { title, canPickMany: true });
  if (!chosen) return;
  const all = chosen.length === OUTCOME_KINDS.length;
  await tree.setFilter({ ...tree.filter, kinds: all ? [] : chosen.map(({ outcome }) => outcome) });
}

async function filterByTask(tree: SampleTree): Promise<void> {
  const text = await vscode.window.showInputBox({
    title: 'Show samples of which tasks?',
    prompt: 'A part of the task id; empty shows all.',
    placeHolder: 'HumanEval/6',
    value: tree.filter.text,
  });
  if (text !== undefined) await tree.setFilter({ ...tree.filter, text: text.trim() });
}

/** The commands by their names within the section. */
export function sampleCommands(tree: SampleTree): Record<string, () => unknown> {
  return {
    refreshSamples: () => {
      tree.refresh();
    },
    sortSamples: () => sort(tree),
    filterSamples: () => filterByOutcome(tree),
    findSamples: () => filterByTask(tree),
    clearFilter: () => tree.setFilter(NO_FILTER),
  };
}

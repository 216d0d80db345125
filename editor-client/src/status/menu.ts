/** The menu behind the status item, as plain data. */

import type { Summary } from './engineState';

export interface MenuEntry {
  label: string;
  description?: string;
  command: string;
  argument?: string;
}

/** What the menu depends on. */
export interface MenuFacts {
  summary: Summary;
  model: string;
  heatMap: boolean;
  trusted: boolean;
  /** Whether the active editor shows a Python file. */
  python: boolean;
}

/** What helps now, before what is always there. */
function urgentEntries({ summary, trusted, python }: MenuFacts): MenuEntry[] {
  const entries: MenuEntry[] = [];
  if (!trusted) {
    const description = 'nothing is run until then';
    const command = 'workbench.trust.manage';
    entries.push({ label: '$(shield) Trust this workspace…', description, command });
  }
  if (summary.state === 'computing') {
    const description = summary.busy > 1 ? `${summary.busy} samples` : summary.message;
    entries.push({ label: '$(stop-circle) Cancel', description, command: 'tokenblame.cancelAll' });
  }
  if (summary.state === 'error') {
    const command = 'tokenblame.setUp';
    entries.push({ label: '$(tools) Set up the Python environment…', command });
  }
  if (python) {
    entries.push({ label: '$(flame) Explain this sample', command: 'tokenblame.explainFile' });
  }
  return entries;
}

/** The entries, in order. */
export function menuEntries(facts: MenuFacts): MenuEntry[] {
  const { heatMap, model } = facts;
  return [
    ...urgentEntries(facts),
    {
      label: heatMap ? '$(eye-closed) Hide the heat map' : '$(eye) Show the heat map',
      command: 'tokenblame.toggleHeatMap',
    },
    { label: '$(settings) Strength of the heat map…', command: 'tokenblame.setIntensity' },
    {
      label: '$(chip) Choose model…',
      description: model,
      command: 'tokenblame.chooseModel',
    },
    { label: '$(list-tree) Samples', command: 'tokenblame.samples.focus' },
    { label: '$(output) Show log', command: 'tokenblame.showLog' },
    { label: '$(debug-restart) Restart server', command: 'tokenblame.restartServer' },
    {
      label: '$(gear) Settings',
      command: 'workbench.action.openSettings',
      argument: '@ext:tokenblame.tokenblame',
    },
    { label: '$(mortar-board) First steps', command: 'tokenblame.openWalkthrough' },
  ];
}

/** Commands that change how the heat map looks. They write settings, which the map follows. */

import * as vscode from 'vscode';
import { SECTION } from '../settings/settings';
import {
  drawStep,
  nearestStep,
  stepped,
  STEPS,
  toColors,
  type Colors,
  type Part,
} from '../heatmap/colors';
import type { HeatMap } from '../heatmap/heatmap';
import { writeSetting } from '../settings/settings';

function current(): Colors {
  const section = vscode.workspace.getConfiguration(`${SECTION}.colors`);
  return toColors((name) => section.get(name));
}

const toggle = (name: 'enabled' | Part): Promise<void> =>
  writeSetting(`colors.${name}`, !current()[name]);

/** One step up or down; the status bar shows where that is, as the text may not change visibly. */
async function step(direction: 'raise' | 'lower'): Promise<void> {
  const intensity = stepped(current().intensity, direction);
  await writeSetting('colors.intensity', intensity);
  vscode.window.setStatusBarMessage(`Token Blame: ${drawStep(nearestStep(intensity))}`, 2000);
}

interface Position extends vscode.QuickPickItem {
  step: number;
}

/** A list as a slider: the map follows the arrow keys, Enter keeps, Escape goes back. */
function slide(heatMap: HeatMap): void {
  const slider = vscode.window.createQuickPick<Position>();
  slider.title = 'Strength of the heat map';
  slider.placeholder = 'Arrow keys try it out, Enter keeps it';
  slider.items = STEPS.map((each) => ({ label: drawStep(each), step: each }));
  const start = nearestStep(current().intensity);
  slider.activeItems = slider.items.filter((item) => item.step === start);
  slider.onDidChangeActive(([item]) => {
    if (item) heatMap.preview(item.step);
  });
  slider.onDidAccept(async () => {
    const [item] = slider.activeItems;
    if (item) await writeSetting('colors.intensity', item.step);
    slider.hide();
  });
  slider.onDidHide(() => {
    heatMap.preview(null);
    slider.dispose();
  });
  slider.show();
}

/** The commands by their names within the section. */
export function colorCommands(heatMap: HeatMap): Record<string, () => unknown> {
  return {
    toggleHeatMap: () => toggle('enabled'),
    togglePositive: () => toggle('positive'),
    toggleNegative: () => toggle('negative'),
    toggleTemplate: () => toggle('template'),
    raiseIntensity: () => step('raise'),
    lowerIntensity: () => step('lower'),
    setIntensity: () => {
      slide(heatMap);
    },
  };
}

/** Commands that change how the heat map looks. They write settings, which the map follows. */

import * as vscode from 'vscode';
import {
  type ColorSettings,
  type ColorToggle,
  drawStep,
  INTENSITY_STEPS,
  nearestStep,
  nextStep,
  parseColorSettings,
} from '../heatmap/colorSettings';
import type { HeatMap } from '../heatmap/heatmap';
import { SECTION, writeSetting } from '../settings/settings';

function currentColors(): ColorSettings {
  const section = vscode.workspace.getConfiguration(`${SECTION}.colors`);
  return parseColorSettings((name) => section.get(name));
}

const toggle = (name: 'enabled' | ColorToggle): Promise<void> =>
  writeSetting(`colors.${name}`, !currentColors()[name]);

/** One step up or down; the status bar shows where that is, as the text may not change visibly. */
async function stepIntensity(direction: 'raise' | 'lower'): Promise<void> {
  const intensity = nextStep(currentColors().intensity, direction);
  await writeSetting('colors.intensity', intensity);
  vscode.window.setStatusBarMessage(`Token Blame: ${drawStep(nearestStep(intensity))}`, 2000);
}

interface SliderItem extends vscode.QuickPickItem {
  step: number;
}

/** A list as a slider: the map follows the arrow keys, Enter keeps, Escape goes back. */
function showIntensitySlider(heatMap: HeatMap): void {
  const slider = vscode.window.createQuickPick<SliderItem>();
  slider.title = 'Strength of the heat map';
  slider.placeholder = 'Arrow keys try it out, Enter keeps it';
  slider.items = INTENSITY_STEPS.map((each) => ({ label: drawStep(each), step: each }));
  const start = nearestStep(currentColors().intensity);
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
    raiseIntensity: () => stepIntensity('raise'),
    lowerIntensity: () => stepIntensity('lower'),
    setIntensity: () => {
      showIntensitySlider(heatMap);
    },
  };
}

/** The settings of the heat map, as they are used: whatever was written, the result is sound. */

import type { Palette } from '../protocol/webviewMessages';
import type { HeatMapOptions } from './buckets';
import type { Underline } from './decorationStyles';

export const MIN_INTENSITY = 0.25;
export const MAX_INTENSITY = 4;

/** Steps of the intensity: each makes the map half as strong again, roughly. */
export const INTENSITY_STEPS: readonly number[] = [0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 2.8, 4];

export interface ColorSettings extends HeatMapOptions {
  enabled: boolean;
  palette: Palette;
  underline: Underline;
}

/** What of the map can be switched off on its own. */
export type ColorToggle = 'positive' | 'negative' | 'template';

const DEFAULTS: ColorSettings = {
  enabled: true,
  intensity: 1,
  palette: 'redBlue',
  underline: 'strong',
  positive: true,
  negative: true,
  template: true,
};

/** VS Code marks wrong settings but hands them out all the same: those become the default. */
export function parseColorSettings(read: (name: string) => unknown): ColorSettings {
  const flag = (name: 'enabled' | ColorToggle): boolean => {
    const value = read(name);
    return typeof value === 'boolean' ? value : DEFAULTS[name];
  };
  const underline = read('underline');
  return {
    enabled: flag('enabled'),
    intensity: parseIntensity(read('intensity')),
    palette: read('palette') === 'orangeBlue' ? 'orangeBlue' : DEFAULTS.palette,
    underline: underline === 'all' || underline === 'off' ? underline : DEFAULTS.underline,
    positive: flag('positive'),
    negative: flag('negative'),
    template: flag('template'),
  };
}

function parseIntensity(value: unknown): number {
  if (typeof value !== 'number' || Number.isNaN(value)) return DEFAULTS.intensity;
  return Math.min(MAX_INTENSITY, Math.max(MIN_INTENSITY, value));
}

/** The next step of the intensity; the last one stays. A hand-written value joins the steps. */
export function nextStep(intensity: number, direction: 'raise' | 'lower'): number {
  const next =
    direction === 'raise'
      ? INTENSITY_STEPS.find((step) => step > intensity * 1.001)
      : INTENSITY_STEPS.findLast((step) => step < intensity / 1.001);
  return next ?? (direction === 'raise' ? MAX_INTENSITY : MIN_INTENSITY);
}

/** The step nearest to an intensity, by ratio. */
export function nearestStep(intensity: number): number {
  const distance = (step: number): number => Math.abs(Math.log(step / intensity));
  return INTENSITY_STEPS.reduce((best, step) => (distance(step) < distance(best) ? step : best));
}

/** One position of the slider, drawn: `●●●●○○○○○  0.7`. */
export function drawStep(step: number): string {
  const filled = INTENSITY_STEPS.indexOf(step) + 1;
  return `${'●'.repeat(filled)}${'○'.repeat(INTENSITY_STEPS.length - filled)}  ${step}`;
}

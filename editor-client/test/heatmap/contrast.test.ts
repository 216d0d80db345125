/** The contributed colours leave text readable, and are told apart whatever one's colour vision. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import manifest from '../../package.json';
import { decorationStyles } from '../../src/heatmap/decorationStyles';
import type { Palette } from '../../src/protocol/webviewMessages';

type Theme = 'dark' | 'light' | 'highContrast' | 'highContrastLight';
type Rgb = [number, number, number];

/** Editor background and default text of VS Code's own themes. */
const THEMES: Record<Theme, { background: string; text: string }> = {
  dark: { background: '#1f1f1f', text: '#cccccc' },
  light: { background: '#ffffff', text: '#3b3b3b' },
  highContrast: { background: '#000000', text: '#ffffff' },
  highContrastLight: { background: '#ffffff', text: '#292929' },
};

const contributed = new Map(manifest.contributes.colors.map(({ id, defaults }) => [id, defaults]));

function color(name: string, theme: Theme): string {
  const defaults = contributed.get(`tokenblame.${name}`);
  assert.ok(defaults, `no colour ${name}`);
  return defaults[theme];
}

const channel = (hex: string, k: number): number => parseInt(hex.slice(1 + 2 * k, 3 + 2 * k), 16);

function blend(over: string, under: string): Rgb {
  const alpha = over.length > 7 ? channel(over, 3) / 255 : 1;
  return [0, 1, 2].map((k) => alpha * channel(over, k) + (1 - alpha) * channel(under, k)) as Rgb;
}

const linear = (value: number): number => {
  const part = value / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
};

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map(linear) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** What is left of linear RGB with a complete deficiency (Machado, Oliveira, Fernandes 2009). */
const DEFICIENCIES: Record<string, readonly Rgb[]> = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const times = (matrix: readonly Rgb[], vector: Rgb): Rgb =>
  matrix.map((row) => row.reduce((sum, factor, k) => sum + factor * (vector[k] ?? 0), 0)) as Rgb;

/** Linear RGB as seen with a deficiency. */
const seen = (rgb: Rgb, matrix: readonly Rgb[]): Rgb =>
  times(matrix, rgb.map(linear) as Rgb).map((value) => Math.min(1, Math.max(0, value))) as Rgb;

/** Linear RGB → CIE Lab, where distances are what eyes tell apart. */
function toLab(rgb: Rgb): Rgb {
  const xyz = times(
    [
      [0.4124, 0.3576, 0.1805],
      [0.2126, 0.7152, 0.0722],
      [0.0193, 0.1192, 0.9505],
    ],
    rgb,
  );
  const white = [0.9505, 1, 1.089];
  const [x, y, z] = xyz.map((value, k) => {
    const part = value / (white[k] ?? 1);
    return part > 0.008856 ? Math.cbrt(part) : 7.787 * part + 16 / 116;
  }) as Rgb;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** WCAG 2 contrast ratio. */
function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const PALETTES: readonly Palette[] = ['redBlue', 'orangeBlue'];

describe('colours', () => {
  for (const [theme, { background, text }] of Object.entries(THEMES) as [
    Theme,
    { background: string; text: string },
  ][]) {
    for (const palette of PALETTES) {
      for (const [layer, look] of decorationStyles(palette, 'all')) {
        if (!look.background) continue;
        const name = look.background;
        it(`${layer} of ${palette} leaves text readable in ${theme}`, () => {
          const back = blend(color(name, theme), background);
          const front = look.text ? color(look.text, theme) : text;
          const ratio = contrast(blend(front, background), back);
          assert.ok(ratio >= 4.5, `contrast ${ratio.toFixed(2)}`);
        });
      }
    }

    it(`marks stand out in ${theme}`, () => {
      const borders = PALETTES.flatMap((palette) =>
        [...decorationStyles(palette, 'all').values()].map((look) => look.border?.color),
      );
      for (const mark of new Set(borders.filter((name) => name !== undefined))) {
        const ratio = contrast(
          blend(color(mark, theme), background),
          blend(background, background),
        );
        assert.ok(ratio >= 3, `${mark}: contrast ${ratio.toFixed(2)}`);
      }
    });
  }

  for (const [deficiency, matrix] of Object.entries(DEFICIENCIES)) {
    for (const theme of Object.keys(THEMES) as Theme[]) {
      it(`orange and blue differ with ${deficiency} in ${theme}`, () => {
        const [positive, negative] = (['Positive', 'Negative'] as const).map((sign) =>
          toLab(
            seen(blend(color(`safe${sign}4Background`, theme), THEMES[theme].background), matrix),
          ),
        ) as [Rgb, Rgb];
        const distance = Math.hypot(...positive.map((value, k) => value - (negative[k] ?? 0)));
        // 2.3 is just noticeable; marks side by side want a lot more.
        assert.ok(distance >= 30, `ΔE ${distance.toFixed(0)}`);
      });
    }
  }
});

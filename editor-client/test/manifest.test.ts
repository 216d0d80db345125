/** The contributed colours must leave the text readable; the manifest must stay safe. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import manifest from '../package.json';
import { BUCKETS } from '../src/buckets';

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

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG 2 contrast ratio. */
function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe('colours', () => {
  for (const [theme, { background, text }] of Object.entries(THEMES)) {
    for (const bucket of BUCKETS) {
      it(`${bucket} leaves text readable in ${theme}`, () => {
        const back = blend(color(`${bucket}Background`, theme as Theme), background);
        const front = bucket.endsWith('4') ? color('strongForeground', theme as Theme) : text;
        const ratio = contrast(blend(front, background), back);
        assert.ok(ratio >= 4.5, `contrast ${ratio.toFixed(2)}`);
      });
    }

    it(`marks stand out in ${theme}`, () => {
      for (const mark of ['positiveMark', 'negativeMark', 'faultBorder']) {
        const ratio = contrast(blend(color(mark, theme as Theme), background), blend(background, background));
        assert.ok(ratio >= 3, `${mark}: contrast ${ratio.toFixed(2)}`);
      }
    });
  }
});

describe('manifest', () => {
  it('is limited in untrusted workspaces, and their settings name no interpreter', () => {
    const { supported, restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    assert.equal(supported, 'limited');
    assert.ok(restrictedConfigurations.includes('tokenblame.python'));
  });

  it('offers no setting by which a workspace could trust itself', () => {
    assert.ok(!('tokenblame.trusted' in manifest.contributes.configuration.properties));
  });

  it('does not clash with the commands that the server registers', () => {
    const ids = manifest.contributes.commands.map(({ command }) => command);
    assert.ok(!ids.includes('tokenblame.explain') && !ids.includes('tokenblame.cancel'));
  });
});

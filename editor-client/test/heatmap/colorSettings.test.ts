import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import manifest from '../../package.json';
import {
  drawStep,
  INTENSITY_STEPS,
  MAX_INTENSITY,
  MIN_INTENSITY,
  nearestStep,
  nextStep,
  parseColorSettings,
} from '../../src/heatmap/colorSettings';

const from = (settings: Record<string, unknown>) => parseColorSettings((name) => settings[name]);

describe('parseColorSettings', () => {
  it('takes what the settings say', () => {
    const settings = {
      enabled: false,
      intensity: 2,
      palette: 'orangeBlue',
      underline: 'off',
      positive: false,
      negative: true,
      template: false,
    };
    assert.deepEqual(from(settings), settings);
  });

  it('has the defaults of the manifest', () => {
    const prefix = 'tokenblame.colors.';
    const declared = Object.entries(manifest.contributes.configuration.properties)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, { default: value }]) => [name.slice(prefix.length), value]);
    assert.deepEqual(from({}), Object.fromEntries(declared));
  });

  it('makes nonsense harmless', () => {
    assert.deepEqual(from({ enabled: 'no', intensity: 'x', palette: 1, underline: [] }), from({}));
    assert.equal(from({ intensity: Number.NaN }).intensity, 1);
    assert.equal(from({ intensity: 1e9 }).intensity, MAX_INTENSITY);
    assert.equal(from({ intensity: -1 }).intensity, MIN_INTENSITY);
  });
});

describe('intensity', () => {
  it('has steps within the limits of the setting', () => {
    const { minimum, maximum } =
      manifest.contributes.configuration.properties['tokenblame.colors.intensity'];
    assert.deepEqual([MIN_INTENSITY, MAX_INTENSITY], [minimum, maximum]);
    assert.deepEqual([INTENSITY_STEPS.at(0), INTENSITY_STEPS.at(-1)], [minimum, maximum]);
    assert.deepEqual(
      [...INTENSITY_STEPS],
      [...INTENSITY_STEPS].sort((a, b) => a - b),
    );
  });

  it('goes all the way up and down, and stays at the ends', () => {
    let at: number = MIN_INTENSITY;
    for (const step of INTENSITY_STEPS.slice(1)) assert.equal((at = nextStep(at, 'raise')), step);
    assert.equal(nextStep(at, 'raise'), MAX_INTENSITY);
    for (const step of INTENSITY_STEPS.toReversed().slice(1))
      assert.equal((at = nextStep(at, 'lower')), step);
    assert.equal(nextStep(at, 'lower'), MIN_INTENSITY);
  });

  it('takes a hand-written value to the steps beside it', () => {
    assert.equal(nextStep(1.2, 'raise'), 1.4);
    assert.equal(nextStep(1.2, 'lower'), 1);
    assert.equal(nearestStep(1.25), 1.4);
    assert.equal(nearestStep(0.9), 1);
  });

  it('draws a slider of constant length', () => {
    assert.deepEqual(drawStep(0.25), '●○○○○○○○○  0.25');
    assert.deepEqual(drawStep(4), '●●●●●●●●●  4');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import manifest from '../../package.json';
import {
  drawStep,
  nearestStep,
  STEPS,
  stepped,
  STRONGEST,
  toColors,
  WEAKEST,
} from '../../src/heatmap/colors';

const from = (settings: Record<string, unknown>) => toColors((name) => settings[name]);

describe('toColors', () => {
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
    assert.equal(from({ intensity: 1e9 }).intensity, STRONGEST);
    assert.equal(from({ intensity: -1 }).intensity, WEAKEST);
  });
});

describe('intensity', () => {
  it('has steps within the limits of the setting', () => {
    const { minimum, maximum } =
      manifest.contributes.configuration.properties['tokenblame.colors.intensity'];
    assert.deepEqual([WEAKEST, STRONGEST], [minimum, maximum]);
    assert.deepEqual([STEPS.at(0), STEPS.at(-1)], [minimum, maximum]);
    assert.deepEqual(
      [...STEPS],
      [...STEPS].sort((a, b) => a - b),
    );
  });

  it('goes all the way up and down, and stays at the ends', () => {
    let at: number = WEAKEST;
    for (const step of STEPS.slice(1)) assert.equal((at = stepped(at, 'raise')), step);
    assert.equal(stepped(at, 'raise'), STRONGEST);
    for (const step of STEPS.toReversed().slice(1)) assert.equal((at = stepped(at, 'lower')), step);
    assert.equal(stepped(at, 'lower'), WEAKEST);
  });

  it('takes a hand-written value to the steps beside it', () => {
    assert.equal(stepped(1.2, 'raise'), 1.4);
    assert.equal(stepped(1.2, 'lower'), 1);
    assert.equal(nearestStep(1.25), 1.4);
    assert.equal(nearestStep(0.9), 1);
  });

  it('draws a slider of constant length', () => {
    assert.deepEqual(drawStep(0.25), '●○○○○○○○○  0.25');
    assert.deepEqual(drawStep(4), '●●●●●●●●●  4');
  });
});

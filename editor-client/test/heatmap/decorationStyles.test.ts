import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import manifest from '../../package.json';
import {
  DECORATION_KINDS,
  type DecorationStyle,
  decorationStyles,
} from '../../src/heatmap/decorationStyles';
import type { Palette } from '../../src/protocol/webviewMessages';

const PALETTES: readonly Palette[] = ['redBlue', 'orangeBlue'];
const contributed = new Set(manifest.contributes.colors.map(({ id }) => id));

const colorsOf = (look: DecorationStyle): string[] =>
  [look.background, look.border?.color, look.ruler?.color, look.text].filter(
    (name) => name !== undefined,
  );

describe('decorationStyles', () => {
  for (const palette of PALETTES) {
    it(`has every layer and only contributed colours in ${palette}`, () => {
      const found = decorationStyles(palette, 'strong');
      assert.deepEqual([...found.keys()], [...DECORATION_KINDS]);
      for (const name of [...found.values()].flatMap(colorsOf)) {
        assert.ok(contributed.has(`tokenblame.${name}`), name);
      }
    });

    it(`can be read without colours in ${palette}`, () => {
      const found = decorationStyles(palette, 'strong');
      for (const level of [2, 3, 4] as const) {
        const [positive, negative] = [found.get(`positive${level}`), found.get(`negative${level}`)];
        assert.notEqual(positive?.border?.style, negative?.border?.style);
      }
      assert.notEqual(found.get('positive4')?.ruler?.lane, found.get('negative4')?.ruler?.lane);
      assert.notEqual(found.get('positive4')?.border?.width, found.get('positive2')?.border?.width);
    });
  }

  it('moves nothing: no look has a property that lies in the line', () => {
    const drawn = ['background', 'border', 'ruler', 'text'];
    for (const look of [...decorationStyles('redBlue', 'all').values()]) {
      assert.deepEqual(
        Object.keys(look).filter((key) => !drawn.includes(key)),
        [],
      );
    }
  });

  it('follows the choice of underlines', () => {
    const underlined = (choice: 'all' | 'strong' | 'off'): number =>
      [...decorationStyles('redBlue', choice)].filter(
        ([layer, look]) => layer !== 'fault' && look.border,
      ).length;
    assert.deepEqual([underlined('all'), underlined('strong'), underlined('off')], [8, 6, 0]);
  });

  it('marks the strong tokens and the broken one in the overview ruler', () => {
    const marked = [...decorationStyles('redBlue', 'off')].filter(([, look]) => look.ruler);
    assert.deepEqual(
      marked.map(([layer]) => layer),
      ['positive3', 'positive4', 'negative3', 'negative4', 'fault'],
    );
  });
});

/**
 * How each kind of decoration looks, as plain data.
 *
 * Only properties that VS Code draws behind or over the text are used (background, border, ruler,
 * text colour): none of them can move a character.
 */

import type { Palette } from '../protocol/webviewMessages';
import { type Bucket, BUCKETS, EVERY_LEVEL, type Level, type Sign, SIGNS } from './buckets';

/** Everything that is painted: the strengths, the template's grey, the broken token. */
export type DecorationKind = Bucket | 'fault';

/** Every kind, in the order in which they are painted. */
export const DECORATION_KINDS: readonly DecorationKind[] = [...BUCKETS, 'fault'];

/** From which strength on a token is underlined. */
export type Underline = 'all' | 'strong' | 'off';

/** Colours are ids of contributed theme colours without the section's name. */
export interface DecorationStyle {
  background?: string;
  border?: { color: string; style: 'solid' | 'dotted'; width: string };
  ruler?: { color: string; lane: 'left' | 'center' | 'full' };
  text?: string;
}

/** Solid or dotted: the sign can be told without seeing colours. */
const UNDERLINE_STYLE: Record<Sign, 'solid' | 'dotted'> = { positive: 'solid', negative: 'dotted' };

/** So can the sign of a mark in the overview ruler, by its place. */
const LANE: Record<Sign, 'left' | 'center'> = { positive: 'left', negative: 'center' };

/** The strength shows in the underline too. */
const THICKNESS: Record<Level, string> = { 1: '1px', 2: '2px', 3: '2px', 4: '3px' };

const FIRST_UNDERLINED: Record<Underline, number> = { all: 1, strong: 2, off: Infinity };

const FIRST_ON_RULER: Level = 3;

/** The name of a colour in a palette: `positiveMark` or `safePositiveMark`. */
function colorName(palette: Palette, sign: Sign, rest: string): string {
  if (palette === 'redBlue') return `${sign}${rest}`;
  return `safe${sign === 'positive' ? 'Positive' : 'Negative'}${rest}`;
}

function heatStyle(
  sign: Sign,
  level: Level,
  palette: Palette,
  underline: Underline,
): DecorationStyle {
  const mark = colorName(palette, sign, 'Mark');
  const style: DecorationStyle = { background: colorName(palette, sign, `${level}Background`) };
  if (level >= FIRST_UNDERLINED[underline]) {
    style.border = {
      color: mark,
      style: UNDERLINE_STYLE[sign],
      width: `0 0 ${THICKNESS[level]} 0`,
    };
  }
  if (level >= FIRST_ON_RULER) style.ruler = { color: mark, lane: LANE[sign] };
  if (level === 4) style.text = 'strongForeground';
  return style;
}

const TEMPLATE: DecorationStyle = { background: 'templateBackground' };

const FAULT: DecorationStyle = {
  // Open below, where the diagnostic's squiggle is.
  border: { color: 'faultBorder', style: 'solid', width: '2px 2px 0 2px' },
  ruler: { color: 'faultBorder', lane: 'full' },
};

/** The style of every kind of decoration. */
export function decorationStyles(
  palette: Palette,
  underline: Underline,
): Map<DecorationKind, DecorationStyle> {
  const styles = new Map<DecorationKind, DecorationStyle>();
  for (const sign of SIGNS) {
    for (const level of EVERY_LEVEL) {
      styles.set(`${sign}${level}`, heatStyle(sign, level, palette, underline));
    }
  }
  return styles.set('template', TEMPLATE).set('fault', FAULT);
}

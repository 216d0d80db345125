/** The fixed set of decoration types: eight strengths, the template's grey, the broken token. */

import * as vscode from 'vscode';
import { BUCKETS, LEVELS, SIGNS, type Bucket, type Sign } from './buckets';

export type Layer = Bucket | 'fault';

export type DecorationTypes = ReadonlyMap<Layer, vscode.TextEditorDecorationType>;

const color = (name: string): vscode.ThemeColor => new vscode.ThemeColor(`tokenblame.${name}`);

/** Solid or dotted: the sign can be told without seeing colours. Borders move no text. */
const UNDERLINE: Record<Sign, string> = { positive: 'solid', negative: 'dotted' };

function heatOptions(sign: Sign, level: number): vscode.DecorationRenderOptions {
  const options: vscode.DecorationRenderOptions = {
    backgroundColor: color(`${sign}${level}Background`),
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  };
  if (level >= 2) {
    options.borderColor = color(`${sign}Mark`);
    options.borderStyle = UNDERLINE[sign];
    options.borderWidth = '0 0 2px 0';
  }
  if (level >= LEVELS - 1) {
    options.overviewRulerColor = color(`${sign}Mark`);
    options.overviewRulerLane = vscode.OverviewRulerLane.Center;
  }
  if (level === LEVELS) options.color = color('strongForeground');
  return options;
}

const TEMPLATE: vscode.DecorationRenderOptions = {
  backgroundColor: color('templateBackground'),
  rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
};

const FAULT: vscode.DecorationRenderOptions = {
  borderColor: color('faultBorder'),
  borderStyle: 'solid',
  // Open below, where the diagnostic's squiggle is.
  borderWidth: '2px 2px 0 2px',
  overviewRulerColor: color('faultBorder'),
  overviewRulerLane: vscode.OverviewRulerLane.Full,
  rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
};

/** Creates them all; once per window, since every type costs a style sheet rule. */
export function createDecorationTypes(): DecorationTypes {
  const types = new Map<Layer, vscode.TextEditorDecorationType>();
  for (const sign of SIGNS) {
    for (const level of [1, 2, 3, 4] as const) {
      const options = heatOptions(sign, level);
      types.set(`${sign}${level}`, vscode.window.createTextEditorDecorationType(options));
    }
  }
  types.set('template', vscode.window.createTextEditorDecorationType(TEMPLATE));
  types.set('fault', vscode.window.createTextEditorDecorationType(FAULT));
  return types;
}

/** Every layer, in the order in which they are painted. */
export const LAYERS: readonly Layer[] = [...BUCKETS, 'fault'];

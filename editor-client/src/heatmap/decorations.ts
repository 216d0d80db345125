/** The fixed set of decoration types, made from the decoration styles. */

import * as vscode from 'vscode';
import type { Palette } from '../protocol/webviewMessages';
import {
  decorationStyles,
  type Layer,
  type DecorationStyle,
  type Underline,
} from './decorationStyles';

export type DecorationTypes = ReadonlyMap<Layer, vscode.TextEditorDecorationType>;

const color = (name: string): vscode.ThemeColor => new vscode.ThemeColor(`tokenblame.${name}`);

const LANES = {
  left: vscode.OverviewRulerLane.Left,
  center: vscode.OverviewRulerLane.Center,
  full: vscode.OverviewRulerLane.Full,
} as const;

function toOptions({
  background,
  border,
  ruler,
  text,
}: DecorationStyle): vscode.DecorationRenderOptions {
  return {
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    ...(background && { backgroundColor: color(background) }),
    ...(border && {
      borderColor: color(border.color),
      borderStyle: border.style,
      borderWidth: border.width,
    }),
    ...(ruler && { overviewRulerColor: color(ruler.color), overviewRulerLane: LANES[ruler.lane] }),
    ...(text && { color: color(text) }),
  };
}

/** Creates them all; seldom, since every type costs a style sheet rule. */
export function createDecorationTypes(palette: Palette, underline: Underline): DecorationTypes {
  const types = new Map<Layer, vscode.TextEditorDecorationType>();
  for (const [layer, look] of decorationStyles(palette, underline)) {
    types.set(layer, vscode.window.createTextEditorDecorationType(toOptions(look)));
  }
  return types;
}

/** The fixed set of decoration types, made from the decoration styles. */

import * as vscode from 'vscode';
import type { Palette } from '../protocol/webviewMessages';
import {
  type DecorationKind,
  type DecorationStyle,
  decorationStyles,
  type Underline,
} from './decorationStyles';

export type DecorationTypes = ReadonlyMap<DecorationKind, vscode.TextEditorDecorationType>;

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
  const types = new Map<DecorationKind, vscode.TextEditorDecorationType>();
  for (const [kind, style] of decorationStyles(palette, underline)) {
    types.set(kind, vscode.window.createTextEditorDecorationType(toOptions(style)));
  }
  return types;
}

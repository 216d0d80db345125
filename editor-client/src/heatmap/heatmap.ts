/** Paints the server's relevance on the editors that show the document. */

import * as vscode from 'vscode';
import { sortIntoBuckets } from './buckets';
import { type ColorSettings, parseColorSettings } from './colorSettings';
import { createDecorationTypes } from './decorations';
import { DECORATION_KINDS, type DecorationKind } from './decorationStyles';

/** A token to paint, already in VS Code's own positions. */
export interface HeatSpan {
  range: vscode.Range;
  value: number;
  role: 'template' | 'prompt' | 'output';
}

/** What belongs on one document, and how to tell that the document is still the one meant. */
export interface Heat {
  spans: HeatSpan[];
  fault: vscode.Range | null;
  fits: (document: vscode.TextDocument) => boolean;
  /** The other document of a sample, prompt or code, whose heat goes when this no longer fits. */
  linked?: vscode.Uri | undefined;
}

function readColors(): ColorSettings {
  const section = vscode.workspace.getConfiguration('tokenblame.colors');
  return parseColorSettings((name) => section.get(name));
}

/**
 * Keeps one `Heat` per document and repaints whenever an editor comes into sight.
 *
 * Heat never moves with the text: the first keystroke takes it away, and heat that no longer fits
 * its document is not painted.
 */
export class HeatMap implements vscode.Disposable {
  private readonly heats = new Map<string, Heat>();
  private readonly subscriptions: vscode.Disposable[];
  private colors = readColors();
  private types = createDecorationTypes(this.colors.palette, this.colors.underline);

  constructor() {
    this.subscriptions = [
      vscode.workspace.onDidChangeTextDocument((event) => {
        // Saving and the dirty mark arrive here too, without a change of text.
        if (event.contentChanges.length > 0) this.revise(event.document);
      }),
      vscode.workspace.onDidCloseTextDocument((document) => {
        this.heats.delete(document.uri.toString());
      }),
      vscode.window.onDidChangeVisibleTextEditors((editors) => {
        for (const editor of editors) this.paint(editor);
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (!event.affectsConfiguration('tokenblame.colors')) return;
        this.recolor();
      }),
    ];
  }

  /** Paints `heat` on the document `uri`, at once and whenever it is shown. */
  show(uri: vscode.Uri, heat: Heat): void {
    this.heats.set(uri.toString(), heat);
    this.repaint(uri);
  }

  /** Takes the heat off the document `uri`, or off every document. */
  clear(uri?: vscode.Uri): void {
    if (uri) this.heats.delete(uri.toString());
    else this.heats.clear();
    this.repaint(uri);
  }

  /** Paints with another intensity than the setting's, until the settings change; null: no more. */
  preview(intensity: number | null): void {
    const colors = readColors();
    this.colors = intensity === null ? colors : { ...colors, intensity };
    this.repaint();
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions, ...this.types.values()).dispose();
  }

  /** After a change of text: away with heat that was for another text, paint what fits now. */
  private revise(document: vscode.TextDocument): void {
    const heat = this.heats.get(document.uri.toString());
    if (!heat) return;
    if (heat.fits(document)) this.repaint(document.uri);
    else {
      this.clear(document.uri);
      if (heat.linked) this.clear(heat.linked);
    }
  }

  /** Follows the settings. Types are made anew only where they differ: that costs style sheets. */
  private recolor(): void {
    const { palette, underline } = this.colors;
    this.colors = readColors();
    if (palette !== this.colors.palette || underline !== this.colors.underline) {
      vscode.Disposable.from(...this.types.values()).dispose();
      this.types = createDecorationTypes(this.colors.palette, this.colors.underline);
    }
    this.repaint();
  }

  private repaint(uri?: vscode.Uri): void {
    const painted = uri?.toString();
    for (const editor of vscode.window.visibleTextEditors) {
      if (painted === undefined || editor.document.uri.toString() === painted) this.paint(editor);
    }
  }

  private paint(editor: vscode.TextEditor): void {
    const ranges = this.rangesToPaint(editor.document);
    for (const kind of DECORATION_KINDS) {
      const type = this.types.get(kind);
      // Plain ranges: options per range (hover messages above all) stall the editor.
      if (type) editor.setDecorations(type, ranges.get(kind) ?? []);
    }
  }

  private rangesToPaint(document: vscode.TextDocument): Map<DecorationKind, vscode.Range[]> {
    const ranges = new Map<DecorationKind, vscode.Range[]>();
    const heat = this.heats.get(document.uri.toString());
    if (!heat || !this.colors.enabled || !heat.fits(document)) return ranges;
    for (const [bucket, spans] of sortIntoBuckets(heat.spans, this.colors)) {
      ranges.set(
        bucket,
        spans.map((span) => span.range),
      );
    }
    if (heat.fault) ranges.set('fault', [heat.fault]);
    return ranges;
  }
}

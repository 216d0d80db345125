/** Ties the panel to the text editors: a token that is pointed at there is marked here, and back. */

import * as vscode from 'vscode';
import type { Range } from 'vscode-languageserver-protocol';
import type { Details, DocumentName, Place } from './panelMessages';
import { tokenAt } from './places';
import { promptUri } from './prompts';

const toRange = ({ start, end }: Range): vscode.Range =>
  new vscode.Range(start.line, start.character, end.line, end.character);

/** What the panel is about; null: nothing. */
export type Subject = () => { uri: vscode.Uri; details: Details } | null;

export class TokenLink implements vscode.Disposable {
  private readonly mark = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor('editor.findMatchHighlightBackground'),
    // An outline takes no room: the text must not move.
    outline: '2px solid',
    outlineColor: new vscode.ThemeColor('focusBorder'),
    overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.findMatchForeground'),
    overviewRulerLane: vscode.OverviewRulerLane.Right,
  });
  private readonly subscriptions: { dispose: () => unknown }[];

  /** `cursor` is told which token the cursor is on; −1: none. */
  constructor(
    private readonly subject: Subject,
    cursor: (token: number) => void,
  ) {
    this.subscriptions = [
      this.mark,
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
        const token = this.tokenOf(textEditor);
        if (token !== null) cursor(token);
      }),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        // What was pointed at is no token of the new text.
        if (contentChanges.length > 0) this.unmark(document);
      }),
    ];
  }

  /** Marks a token where it is visible; null: none. */
  point(place: Place | null): void {
    for (const editor of vscode.window.visibleTextEditors) {
      const here = place !== null && this.documentOf(editor.document) === place.document;
      editor.setDecorations(this.mark, here ? [toRange(place.place)] : []);
    }
  }

  /** Brings a token into sight, where its document is visible. */
  reveal(place: Place): void {
    for (const editor of vscode.window.visibleTextEditors) {
      if (this.documentOf(editor.document) !== place.document) continue;
      editor.revealRange(toRange(place.place), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    }
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions).dispose();
  }

  private unmark(document: vscode.TextDocument): void {
    for (const editor of vscode.window.visibleTextEditors) {
      if (editor.document === document) editor.setDecorations(this.mark, []);
    }
  }

  /** The token at the cursor; null: the editor shows something else. */
  private tokenOf({ document, selection }: vscode.TextEditor): number | null {
    const shown = this.documentOf(document);
    const details = this.subject()?.details;
    return shown && details ? tokenAt(details.tokens, shown, selection.active) : null;
  }

  /** Which of the subject's texts a document is; a changed one is none of them any more. */
  private documentOf(document: vscode.TextDocument): DocumentName | null {
    const about = this.subject();
    const uri = document.uri.toString();
    if (!about) return null;
    if (uri === about.uri.toString()) {
      return document.version === about.details.version ? 'code' : null;
    }
    return uri === promptUri(about.uri)?.toString() ? 'prompt' : null;
  }
}

/** Ties the panel to the text editors: a token that is pointed at there is marked here, and back. */

import * as vscode from 'vscode';
import type { Range } from 'vscode-languageserver-protocol';
import type { Details, DocumentName, Place } from '../protocol/serverMessages';
import { PROMPT_FILES, promptUri } from '../samples/promptDocuments';
import { tokenAt } from './tokenPositions';

const toRange = ({ start, end }: Range): vscode.Range =>
  new vscode.Range(start.line, start.character, end.line, end.character);

/** Samples and their prompts. */
const TEXTS: vscode.DocumentSelector = [{ language: 'python' }, { pattern: PROMPT_FILES }];

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

  /** `onToken` is told which token the cursor is on, or the mouse rests on; −1: none. */
  constructor(
    private readonly subject: Subject,
    onToken: (how: 'cursor' | 'mouse', token: number) => void,
  ) {
    this.subscriptions = [
      this.mark,
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
        const token = this.tokenAt(textEditor.document, textEditor.selection.active);
        if (token !== null) onToken('cursor', token);
      }),
      // Adds no hover: being asked for one is the only way to learn where the mouse is.
      vscode.languages.registerHoverProvider(TEXTS, {
        provideHover: (document, position) => {
          const token = this.tokenAt(document, position);
          if (token !== null) onToken('mouse', token);
          return null;
        },
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
      editor.revealRange(
        toRange(place.place),
        vscode.TextEditorRevealType.InCenterIfOutsideViewport,
      );
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

  /** The token at a place; null: the document is something else. */
  private tokenAt(document: vscode.TextDocument, place: vscode.Position): number | null {
    const shown = this.documentOf(document);
    const details = this.subject()?.details;
    return shown && details ? tokenAt(details.tokens, shown, place) : null;
  }

  /** Which of the subject's texts a document is; a changed one is none of them any more. */
  private documentOf(document: vscode.TextDocument): DocumentName | null {
    const subject = this.subject();
    const uri = document.uri.toString();
    if (!subject) return null;
    if (uri === subject.uri.toString()) {
      return document.version === subject.details.version ? 'code' : null;
    }
    return uri === promptUri(subject.uri)?.toString() ? 'prompt' : null;
  }
}

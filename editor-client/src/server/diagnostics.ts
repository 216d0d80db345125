/** The server's diagnostics, kept while no server runs. */

import * as vscode from 'vscode';
import type { DiagnosticCollectionProvider } from 'vscode-languageclient';
import { SECTION } from '../settings/settings';

/** The documents among `uris` with a failing test that the server reported. */
function failing(uris: readonly vscode.Uri[]): string[] {
  const fails = (diagnostic: vscode.Diagnostic): boolean =>
    diagnostic.source === SECTION && diagnostic.severity === vscode.DiagnosticSeverity.Error;
  return uris
    .filter((uri) => vscode.languages.getDiagnostics(uri).some(fails))
    .map((uri) => uri.toString());
}

/**
 * One collection for all clients of this window: what a crashed server had found stays until the
 * next one speaks. A change of text takes it away at once, since it was about another text.
 */
export class KeptDiagnostics implements DiagnosticCollectionProvider, vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection(SECTION);
  private readonly subscriptions: vscode.Disposable;

  /** @param told told of every document with a failing test, when its diagnostics change */
  constructor(told: (uri: string) => void) {
    this.subscriptions = vscode.Disposable.from(
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0) this.collection.delete(document.uri);
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.collection.delete(uri);
      }),
      vscode.languages.onDidChangeDiagnostics(({ uris }) => {
        failing(uris).forEach(told);
      }),
    );
  }

  create(): vscode.DiagnosticCollection {
    return this.collection;
  }

  /** Of this provider: of a client that has ended. The collection itself ends with the window. */
  dispose(client?: unknown): void {
    if (client !== undefined) return;
    vscode.Disposable.from(this.subscriptions, this.collection).dispose();
  }
}

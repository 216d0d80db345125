/** Lines of a `samples.jsonl` as read-only Python documents. */

import * as vscode from 'vscode';
import { SAMPLE_SCHEME, tableOf } from './finder';
import { lineAt, lineOfPath } from './samples';

export class SampleDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(
    SAMPLE_SCHEME,
    this,
  );

  readonly onDidChange = this.changed.event;

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const [place, file] = [lineOfPath(uri.path), tableOf(uri)];
    if (!place || !file) throw vscode.FileSystemError.FileNotFound(uri);
    const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
    const line = lineAt(text, place.number);
    if (!line) throw vscode.FileSystemError.FileNotFound(uri);
    return line.code;
  }

  /** The table `file` has changed: open documents of its lines are read anew. */
  tableChanged(file: vscode.Uri): void {
    for (const { uri } of vscode.workspace.textDocuments) {
      if (tableOf(uri)?.path === file.path) this.changed.fire(uri);
    }
  }

  dispose(): void {
    vscode.Disposable.from(this.registration, this.changed).dispose();
  }
}

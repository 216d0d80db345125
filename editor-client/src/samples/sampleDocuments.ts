/** The samples of a sample file as read-only Python documents. */

import * as vscode from 'vscode';
import { SAMPLE_SCHEME, sampleFileOf } from './finder';
import { parseSamplePath, sampleAtLine } from './sampleFormats';

export class SampleDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(
    SAMPLE_SCHEME,
    this,
  );

  readonly onDidChange = this.changed.event;

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const [parsed, file] = [parseSamplePath(uri.path), sampleFileOf(uri)];
    if (!parsed || !file) throw vscode.FileSystemError.FileNotFound(uri);
    const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
    const sample = sampleAtLine(text, parsed.line);
    if (!sample) throw vscode.FileSystemError.FileNotFound(uri);
    return sample.code;
  }

  /** The sample file `file` has changed: open documents of its samples are read anew. */
  sampleFileChanged(file: vscode.Uri): void {
    for (const { uri } of vscode.workspace.textDocuments) {
      if (sampleFileOf(uri)?.path === file.path) this.changed.fire(uri);
    }
  }

  dispose(): void {
    vscode.Disposable.from(this.registration, this.changed).dispose();
  }
}

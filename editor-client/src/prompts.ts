/** The prompt as the model saw it, as a read-only document beside the code (chat form). */

import * as vscode from 'vscode';

export const PROMPT_SCHEME = 'tokenblame-prompt';

/** The document that shows the prompt of the sample `code`. */
export function promptUri(code: vscode.Uri): vscode.Uri {
  const path = `${code.path.replace(/\.py$/, '')}.prompt.md`;
  return vscode.Uri.from({ scheme: PROMPT_SCHEME, path, query: code.toString() });
}

export class PromptDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(
    PROMPT_SCHEME,
    this,
  );

  readonly onDidChange = this.changed.event;

  /** Sets the prompt of the sample `code`; an open prompt document follows. */
  set(code: vscode.Uri, text: string): void {
    const uri = promptUri(code);
    if (this.texts.get(uri.toString()) === text) return;
    this.texts.set(uri.toString(), text);
    this.changed.fire(uri);
  }

  has(code: vscode.Uri): boolean {
    return this.texts.has(promptUri(code).toString());
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? '';
  }

  dispose(): void {
    vscode.Disposable.from(this.registration, this.changed).dispose();
  }
}

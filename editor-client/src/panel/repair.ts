/** The repaired program: VS Code's own diff against the sample, and putting it in its place. */

import * as vscode from 'vscode';
import { smallestReplacement } from './replacement';

const SCHEME = 'tokenblame-repair';

const repairUri = (sample: vscode.Uri): vscode.Uri =>
  vscode.Uri.from({ scheme: SCHEME, path: sample.path, query: sample.toString() });

export class Repairs implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly programs = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(
    SCHEME,
    this,
  );

  readonly onDidChange = this.changed.event;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.programs.get(uri.toString()) ?? '';
  }

  async showDiff(sample: vscode.Uri, program: string): Promise<void> {
    const repaired = repairUri(sample);
    this.programs.set(repaired.toString(), program);
    this.changed.fire(repaired);
    const title = `${sample.path.split('/').slice(-2).join('/')}: as written ↔ repaired`;
    await vscode.commands.executeCommand('vscode.diff', sample, repaired, title);
  }

  dispose(): void {
    vscode.Disposable.from(this.registration, this.changed).dispose();
  }
}

/** Writes the repair into the sample, unless that has changed; whether it was written. */
export async function applyRepair(
  sample: vscode.Uri,
  version: number,
  program: string,
): Promise<boolean> {
  const document = await vscode.workspace.openTextDocument(sample);
  if (document.version !== version) return false;
  const { start, end, text } = smallestReplacement(document.getText(), program);
  const range = new vscode.Range(document.positionAt(start), document.positionAt(end));
  const edit = new vscode.WorkspaceEdit();
  edit.replace(sample, range, text);
  return vscode.workspace.applyEdit(edit);
}

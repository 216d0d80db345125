/**
 * Where the prompt of a sample can be seen: a file that the server writes, to be edited like any
 * other. In direct form there is none, because the prompt is the head of the code.
 */

import * as vscode from 'vscode';

/** What the names of these files end with (lsp_server/documents/cache.py). */
export const PROMPT_FILES = '**/*.prompt.txt';

export const isPrompt = ({ path }: vscode.Uri): boolean => path.endsWith('.prompt.txt');

const promptUris = new Map<string, vscode.Uri>();

/** The prompt document of the sample `code`, as far as the server has named one. */
export function promptUri(code: vscode.Uri): vscode.Uri | undefined {
  return promptUris.get(code.toString());
}

/** What the server says about the prompt of the sample `code`; null: it is part of the code. */
export function setPromptUri(code: vscode.Uri, prompt: string | null): void {
  if (prompt === null) promptUris.delete(code.toString());
  else promptUris.set(code.toString(), vscode.Uri.parse(prompt, true));
}

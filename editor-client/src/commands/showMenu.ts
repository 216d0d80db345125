/** Shows the menu behind the status item. */

import * as vscode from 'vscode';
import { SECTION } from '../settings/settings';
import type { Summary } from '../status/engineState';
import { menuEntries } from '../status/menu';

export async function showMenu(summary: Summary): Promise<void> {
  const section = vscode.workspace.getConfiguration(SECTION);
  const entries = menuEntries({
    summary,
    model: section.get<string>('model', ''),
    heatMap: section.get('colors.enabled', true),
    trusted: vscode.workspace.isTrusted,
    python: vscode.window.activeTextEditor?.document.languageId === 'python',
  });
  const title = `Token Blame: ${summary.message || summary.state}`;
  const chosen = await vscode.window.showQuickPick(entries, { title });
  if (!chosen) return;
  const { command, argument } = chosen;
  await vscode.commands.executeCommand(command, ...(argument === undefined ? [] : [argument]));
}

/** Asks which model explains, and writes the setting, which the server follows. */

import * as vscode from 'vscode';
import models from '../settings/models.json';
import { SECTION, writeSetting } from '../settings/settings';

const OTHER = '$(edit) Another…';

function askForOther(now: string): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: 'Token Blame: which model explains?',
    prompt: 'A local folder or a hub id such as Qwen/Qwen2.5-Coder-7B-Instruct.',
    value: now,
    validateInput: (text) => (text.trim() ? null : 'Name a model.'),
  });
}

export async function chooseModel(): Promise<void> {
  const now = vscode.workspace.getConfiguration(SECTION).get<string>('model', '');
  const items: vscode.QuickPickItem[] = models.map(({ name, about }) => ({
    label: name,
    detail: about,
    ...(name === now && { description: 'now' }),
  }));
  const isKnown = models.some(({ name }) => name === now);
  items.push({ label: OTHER, ...(!isKnown && { description: `now: ${now}` }) });
  const title = 'Token Blame: which model explains?';
  const chosen = await vscode.window.showQuickPick(items, { title, matchOnDetail: true });
  if (!chosen) return;
  const model = chosen.label === OTHER ? (await askForOther(now))?.trim() : chosen.label;
  if (model) await writeSetting('model', model);
}

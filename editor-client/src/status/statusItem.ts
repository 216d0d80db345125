/** The status bar item: what server and engine are doing. A click opens the menu. */

import * as vscode from 'vscode';
import type { Status } from '../protocol/serverMessages';
import type { Summary } from './engineState';

const ICONS: Record<Status['state'], string> = {
  starting: '$(loading~spin)',
  ready: '$(flame)',
  computing: '$(sync~spin)',
  error: '$(error)',
  untrusted: '$(shield)',
};

const STATE_NAMES: Record<Status['state'], string> = {
  starting: 'starting',
  ready: 'ready',
  computing: 'computing',
  error: 'error',
  untrusted: 'restricted: nothing is run in an untrusted workspace',
};

const LINKS = [
  ['tokenblame.cancelAll', 'Cancel'],
  ['tokenblame.restartServer', 'Restart server'],
  ['tokenblame.showLog', 'Show log'],
] as const;

/** What is going on, with links to the commands that help then. */
function tooltip({ state, message }: Summary): vscode.MarkdownString {
  const text = new vscode.MarkdownString(undefined, true);
  text.isTrusted = { enabledCommands: LINKS.map(([command]) => command) };
  text.appendText(`Token Blame: ${message || STATE_NAMES[state]}`);
  const links = LINKS.map(([command, title]) => `[${title}](command:${command})`);
  return text.appendMarkdown(`\n\n${links.join(' · ')}`);
}

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    'tokenblame.status',
    vscode.StatusBarAlignment.Right,
    100,
  );

  constructor() {
    this.item.name = 'Token Blame';
    this.item.command = 'tokenblame.showMenu';
    this.item.show();
  }

  show(summary: Summary): void {
    const { state, busy } = summary;
    this.item.text = `${ICONS[state]} Token Blame${busy > 1 ? ` ${busy}` : ''}`;
    this.item.tooltip = tooltip(summary);
    this.item.accessibilityInformation = {
      label: `Token Blame ${STATE_NAMES[state]}`,
      role: 'button',
    };
    this.item.backgroundColor =
      state === 'error' ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
  }

  dispose(): void {
    this.item.dispose();
  }
}

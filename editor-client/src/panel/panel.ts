/** The panel beside the editor: why the sample is as it is, in pictures and tables. */

import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { SERVER_COMMANDS, type ServerCommand } from '../protocol/commands';
import {
  type Action,
  isSection,
  type MessageFromWebview,
  type MessageToWebview,
  type Palette,
  type Section,
} from '../protocol/webviewMessages';
import { SAMPLE_SCHEME } from '../samples/finder';
import { namesTask } from '../samples/tasks';
import type { Server } from '../server/server';
import { SECTION } from '../settings/settings';
import { panelHtml } from './panelHtml';
import { PanelModel } from './panelModel';
import { applyRepair, Repairs } from './repair';
import { type Subject, TokenLink } from './tokenLink';

export const PANEL = 'tokenblame.panel';

/** What a reloaded window brings back; `main.ts` of the webview writes it. */
interface Saved {
  uri?: unknown;
  section?: unknown;
}

/** Short enough for a tab's title: `HumanEval_65/0.py`. */
const titleOf = (uri: vscode.Uri): string => uri.path.split('/').slice(-2).join('/');

const palette = (): Palette =>
  vscode.workspace.getConfiguration(`${SECTION}.colors`).get<Palette>('palette', 'redBlue');

export class Panel implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly model: PanelModel;
  private panel: vscode.WebviewPanel | null = null;
  private readonly link: TokenLink;
  private readonly repairs = new Repairs();
  private readonly subscriptions: { dispose: () => unknown }[];

  constructor(
    private readonly extension: vscode.Uri,
    private readonly server: Server,
  ) {
    this.model = new PanelModel(server.sendRequest, (message) => {
      this.post(message);
    });
    this.link = new TokenLink(this.subject, (how, token) => {
      this.post({ type: how, token });
    });
    this.subscriptions = [
      this.link,
      this.repairs,
      vscode.window.registerWebviewPanelSerializer(PANEL, this),
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        if (this.panel && editor && this.isSample(editor.document)) this.follow(editor.document);
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(`${SECTION}.colors.palette`)) this.postPalette();
        if (event.affectsConfiguration(`${SECTION}.sibling`)) void this.model.refresh();
      }),
    ];
  }

  /** Shows a section about a document: that of the active editor, or another one that is open. */
  open(section: Section, uri?: string): void {
    if (!this.panel) {
      const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
      const options = { retainContextWhenHidden: true };
      this.attach(vscode.window.createWebviewPanel(PANEL, 'Token Blame', column, options));
    }
    this.panel?.reveal(undefined, true);
    const open = vscode.workspace.textDocuments;
    const wanted = uri === undefined ? undefined : vscode.Uri.parse(uri, true).toString();
    this.follow(
      wanted === undefined
        ? vscode.window.activeTextEditor?.document
        : open.find((document) => document.uri.toString() === wanted),
    );
    this.model.show(section);
  }

  /** Called by VS Code for a panel that was open when the window was closed. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel, state: Saved | undefined): Promise<void> {
    this.attach(panel);
    const { uri } = state ?? {};
    if (typeof uri === 'string') {
      const followed = vscode.Uri.parse(uri, true);
      this.model.follow({ uri: followed.toString(), title: titleOf(followed) });
    } else this.follow(vscode.window.activeTextEditor?.document);
    if (isSection(state?.section)) this.model.show(state.section);
    return Promise.resolve();
  }

  dispose(): void {
    this.panel?.dispose();
    vscode.Disposable.from(...this.subscriptions).dispose();
  }

  private readonly subject: Subject = () => {
    const { uri, currentDetails: details } = this.model;
    return uri !== null && details ? { uri: vscode.Uri.parse(uri, true), details } : null;
  };

  private attach(panel: vscode.WebviewPanel): void {
    const out = vscode.Uri.joinPath(this.extension, 'out');
    const { webview } = panel;
    this.panel?.dispose();
    this.panel = panel;
    webview.options = { enableScripts: true, localResourceRoots: [out] };
    const local = (name: string): string =>
      webview.asWebviewUri(vscode.Uri.joinPath(out, name)).toString();
    panel.onDidDispose(() => {
      if (this.panel !== panel) return;
      this.panel = null;
      this.link.point(null);
      this.model.follow(null);
    });
    panel.onDidChangeViewState(() => {
      this.model.setVisible(panel.visible);
    });
    webview.onDidReceiveMessage((message: MessageFromWebview) => {
      void this.receive(message);
    });
    this.model.setVisible(true);
    webview.html = panelHtml({
      source: webview.cspSource,
      script: local('panel.js'),
      style: local('panel.css'),
      nonce: randomBytes(16).toString('hex'),
    });
  }

  /** Whether a document is worth following; the others leave the panel as it is. */
  private isSample({ uri }: vscode.TextDocument): boolean {
    const ours = ['file', 'untitled', SAMPLE_SCHEME].includes(uri.scheme);
    return ours && (namesTask(uri.path) || this.model.isSample(uri.toString()));
  }

  private follow(document: vscode.TextDocument | undefined): void {
    if (document?.languageId !== 'python') return;
    this.model.follow({ uri: document.uri.toString(), title: titleOf(document.uri) });
  }

  private post(message: MessageToWebview): void {
    void this.panel?.webview.postMessage(message);
  }

  private postPalette(): void {
    this.post({ type: 'palette', palette: palette() });
  }

  private async receive(message: MessageFromWebview): Promise<void> {
    switch (message.type) {
      case 'ready':
        this.postPalette();
        this.model.replay();
        break;
      case 'section':
        this.model.sectionChosen(message.section);
        break;
      case 'compute':
        await this.model.compute(message.computation, message);
        break;
      case 'cancel':
        if (message.computation !== 'sample') this.model.cancel(message.computation);
        else await this.run(SERVER_COMMANDS.cancel);
        break;
      case 'point':
        this.link.point(message.place);
        break;
      case 'reveal':
        this.link.reveal(message.place);
        break;
      case 'attribute':
        await this.attribute(message.position, message.contrast);
        break;
      case 'run':
        await this.runAction(message.action);
    }
  }

  private async runAction(action: Action): Promise<void> {
    switch (action) {
      case 'explain':
        return this.run(SERVER_COMMANDS.explain);
      case 'check':
        return this.run(SERVER_COMMANDS.checkFaithfulness);
      case 'diff':
      case 'apply':
        return this.repair(action);
      case 'log':
        await vscode.commands.executeCommand('tokenblame.showLog');
    }
  }

  private async repair(action: 'diff' | 'apply'): Promise<void> {
    const subject = this.subject();
    const program = subject?.details.repair?.program;
    if (!subject || program === undefined) return;
    if (action === 'diff') await this.repairs.showDiff(subject.uri, program);
    else if (!(await applyRepair(subject.uri, subject.details.version, program))) {
      const message = 'Token Blame: the repair was not applied; the sample has changed.';
      void vscode.window.showWarningMessage(message);
    }
  }

  private async attribute(position: number, contrast: number): Promise<void> {
    const version = this.model.currentDetails?.version;
    await this.run(SERVER_COMMANDS.attribute, { version, position, contrast });
  }

  /** One of the server's commands about the sample that is shown. */
  private async run(command: ServerCommand, ...more: unknown[]): Promise<void> {
    const { uri } = this.model;
    if (uri === null) return;
    await this.server.ensureRunning();
    await this.server.execute(command, uri, ...more);
  }
}

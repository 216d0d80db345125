/** Passes what the server says on to everything that shows it. */

import * as vscode from 'vscode';
import { EngineState } from '../status/engineState';
import type { HeatMap } from '../heatmap/heatmap';
import type { Outcomes } from '../outcomes/outcomes';
import type { PanelModel } from '../panel/panelModel';
import type { Relevance, Report, Status } from '../protocol/serverMessages';
import { showRelevance } from '../heatmap/relevance';
import { LatestResults } from '../outcomes/latestResults';
import type { StatusItem } from '../status/statusItem';

export interface Shown {
  heatMap: HeatMap;
  outcomes: Outcomes;
  status: StatusItem;
  /** A function, as the panel is made after the server that speaks to it. */
  panel: () => PanelModel;
}

/** As VS Code spells it, so that it can be compared. */
const normal = (uri: string): string => vscode.Uri.parse(uri, true).toString();

export class NotificationRouter {
  readonly engine = new EngineState();
  private readonly results = new LatestResults();

  constructor(private readonly shown: Shown) {}

  relevance(sent: Relevance): void {
    const result = { ...sent, uri: normal(sent.uri) };
    this.shown.outcomes.relevance(result);
    this.shown.panel().relevance(result);
    // The server says nothing more about work that an edit or a close has ended.
    if (result.state !== 'computed') this.shown.status.show(this.engine.ended(result.uri));
    this.paint(this.results.take(result));
  }

  status(sent: Status): void {
    const status = { ...sent, uri: sent.uri === null ? null : normal(sent.uri) };
    this.shown.status.show(this.engine.take(status));
    this.shown.outcomes.status(status);
    this.shown.panel().status(status);
    if (status.uri !== null && status.state === 'ready') {
      this.paint(this.results.finished(status.uri));
    }
  }

  async report({ markdown }: Report): Promise<void> {
    await vscode.env.clipboard.writeText(markdown);
    vscode.window.setStatusBarMessage('Token Blame: the report is in the clipboard', 4000);
  }

  /** The server has ended; what it had found stays shown. */
  gone(): void {
    this.engine.serverGone();
    this.results.serverGone();
    this.shown.outcomes.serverGone();
    this.shown.panel().serverGone();
  }

  private paint(result: Relevance | null): void {
    if (result) showRelevance(result, this.shown.heatMap);
  }
}

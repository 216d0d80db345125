/** Passes what the server says on to everything that shows it. */

import * as vscode from 'vscode';
import type { HeatMap } from '../heatmap/heatmap';
import { showRelevance } from '../heatmap/showRelevance';
import { LatestResults } from '../outcomes/latestResults';
import type { Outcomes } from '../outcomes/outcomes';
import type { PanelModel } from '../panel/panelModel';
import type { Relevance, Report, Status } from '../protocol/serverMessages';
import { EngineState } from '../status/engineState';
import type { StatusItem } from '../status/statusItem';

export interface NotificationReceivers {
  heatMap: HeatMap;
  outcomes: Outcomes;
  status: StatusItem;
  /** A function, as the panel is made after the server that speaks to it. */
  panel: () => PanelModel;
}

/** As VS Code spells it, so that it can be compared. */
const normalizedUri = (uri: string): string => vscode.Uri.parse(uri, true).toString();

export class NotificationRouter {
  readonly engine = new EngineState();
  private readonly results = new LatestResults();

  constructor(private readonly receivers: NotificationReceivers) {}

  relevance(sent: Relevance): void {
    const result = { ...sent, uri: normalizedUri(sent.uri) };
    this.receivers.outcomes.relevance(result);
    this.receivers.panel().relevance(result);
    // The server says nothing more about work that an edit or a close has ended.
    if (result.state !== 'computed') this.receivers.status.show(this.engine.workEnded(result.uri));
    this.paint(this.results.accept(result));
  }

  status(sent: Status): void {
    const status = { ...sent, uri: sent.uri === null ? null : normalizedUri(sent.uri) };
    this.receivers.status.show(this.engine.update(status));
    this.receivers.outcomes.status(status);
    this.receivers.panel().status(status);
    if (status.uri !== null && status.state === 'ready') {
      this.paint(this.results.workFinished(status.uri));
    }
  }

  async report({ markdown }: Report): Promise<void> {
    await vscode.env.clipboard.writeText(markdown);
    vscode.window.setStatusBarMessage('Token Blame: the report is in the clipboard', 4000);
  }

  /** The server has ended; what it had found stays shown. */
  serverEnded(): void {
    this.engine.serverEnded();
    this.results.serverEnded();
    this.receivers.outcomes.serverEnded();
    this.receivers.panel().serverEnded();
  }

  private paint(result: Relevance | null): void {
    if (result) showRelevance(result, this.receivers.heatMap);
  }
}

/** The view "Samples": folders and files of samples, each with its outcome. */

import * as vscode from 'vscode';
import type { Outcomes } from '../outcomes/outcomes';
import { findSamples } from './finder';
import {
  describeCounts,
  describeSample,
  type Icon,
  OUTCOME_ICONS,
  outcomeSentence,
} from './labels';
import type { Sample } from './sampleFormats';
import {
  countByOutcome,
  type Filter,
  filtered,
  grouped,
  isFiltering,
  NO_FILTER,
  type Order,
  ORDERS,
  sorted,
} from './sampleList';

export const VIEW = 'tokenblame.samples';

/** A folder or file of samples. */
export interface Group {
  uri: string;
  samples: readonly Sample[];
}

export type Node = Group | Sample;

export const isGroup = (node: Node): node is Group => 'samples' in node;

/** Results come in bursts; the list is redrawn at most this often (milliseconds). */
const REDRAW_INTERVAL = 150;

const ORDER_KEY = 'samples.order';
const FILTER_KEY = 'samples.filter';

const toIcon = ({ id, color }: Icon): vscode.ThemeIcon =>
  new vscode.ThemeIcon(id, color ? new vscode.ThemeColor(color) : undefined);

/** Relative to the workspace; of a whole folder of it, its name. */
function groupName(place: vscode.Uri): string {
  const folder = vscode.workspace.getWorkspaceFolder(place);
  const whole = folder?.uri.toString() === place.toString();
  return whole ? folder.name : vscode.workspace.asRelativePath(place);
}

/** What a click on a sample does. */
function openCommand(sample: Sample): vscode.Command {
  const title = 'Open';
  return sample.lacksPrompt
    ? { command: 'tokenblame.openCompletion', title, arguments: [sample] }
    : { command: 'vscode.open', title, arguments: [vscode.Uri.parse(sample.uri, true)] };
}

export class SampleTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  private readonly unsubscribe: () => void;
  private samples: Promise<Sample[]> | null = null;
  private redraw: NodeJS.Timeout | undefined;

  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly outcomes: Outcomes,
    private readonly memento: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.unsubscribe = outcomes.onChange(() => {
      this.redrawSoon();
    });
    this.updateContext();
  }

  get order(): Order {
    const stored = this.memento.get<string>(ORDER_KEY);
    return ORDERS.find((order) => order === stored) ?? 'task';
  }

  get filter(): Filter {
    return this.memento.get<Filter>(FILTER_KEY) ?? NO_FILTER;
  }

  async setOrder(order: Order): Promise<void> {
    await this.memento.update(ORDER_KEY, order);
    this.changed.fire(undefined);
  }

  async setFilter(filter: Filter): Promise<void> {
    await this.memento.update(FILTER_KEY, filter);
    this.updateContext();
    this.changed.fire(undefined);
  }

  /** Looks for samples again. */
  refresh(): void {
    this.samples = null;
    this.redrawSoon();
  }

  async allSamples(): Promise<Sample[]> {
    this.samples ??= this.search();
    return this.samples;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (!node) return this.groups();
    return isGroup(node) ? sorted(node.samples, this.order, this.lookup) : [];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return isGroup(node) ? this.groupItem(node) : this.sampleItem(node);
  }

  dispose(): void {
    clearTimeout(this.redraw);
    this.unsubscribe();
    this.changed.dispose();
  }

  private readonly lookup = (uri: string) => this.outcomes.of(uri);

  /** A search that failed is no answer to keep: the next one who asks searches again. */
  private async search(): Promise<Sample[]> {
    try {
      return await findSamples(this.log);
    } catch (error) {
      this.samples = null;
      this.log.warn(`The search for samples failed: ${String(error)}`);
      return [];
    }
  }

  private async groups(): Promise<Group[]> {
    const shown = filtered(await this.allSamples(), this.filter, this.lookup);
    return [...grouped(shown)]
      .map(([uri, samples]) => ({ uri, samples }))
      .sort((a, b) => a.uri.localeCompare(b.uri));
  }

  private groupItem({ uri, samples }: Group): vscode.TreeItem {
    const place = vscode.Uri.parse(uri, true);
    const item = new vscode.TreeItem(groupName(place), vscode.TreeItemCollapsibleState.Expanded);
    item.id = uri;
    item.iconPath = new vscode.ThemeIcon(place.path.endsWith('.jsonl') ? 'list-flat' : 'folder');
    item.description = describeCounts(countByOutcome(samples, this.lookup));
    item.tooltip = place.fsPath;
    item.contextValue = 'group';
    return item;
  }

  private sampleItem(sample: Sample): vscode.TreeItem {
    const outcome = this.outcomes.of(sample.uri);
    const item = new vscode.TreeItem(sample.taskId);
    const label = outcomeSentence(sample, outcome);
    item.id = sample.uri;
    item.iconPath = toIcon(OUTCOME_ICONS[outcome.kind]);
    item.description = describeSample(sample, outcome);
    item.tooltip = label;
    item.accessibilityInformation = { label };
    item.contextValue = sample.lacksPrompt ? 'completion' : 'sample';
    item.command = openCommand(sample);
    return item;
  }

  private redrawSoon(): void {
    this.redraw ??= setTimeout(() => {
      this.redraw = undefined;
      this.changed.fire(undefined);
    }, REDRAW_INTERVAL);
  }

  /** Lets menus show that a filter hides something. */
  private updateContext(): void {
    const filtering = isFiltering(this.filter);
    void vscode.commands.executeCommand('setContext', `${VIEW}.filtered`, filtering);
  }
}

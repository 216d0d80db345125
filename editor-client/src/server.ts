/** Starts, restarts and ends the language server, one change at a time. */

import * as vscode from 'vscode';
import { ExecuteCommandRequest, State } from 'vscode-languageclient';
import type { LanguageClient } from 'vscode-languageclient/node';
import { createClient, SECTION } from './client';
import {
  relevanceNotification,
  statusNotification,
  trustNotification,
  type Relevance,
  type Status,
} from './protocol';
import { findPython, type PythonProblem, type PythonSources } from './python';

/** Who is told what the server sends. */
export interface ServerListener {
  relevance: (relevance: Relevance) => void;
  status: (status: Status) => void;
  /** No interpreter can run the server. */
  unavailable: (problems: PythonProblem[]) => void;
}

function pythonSources(): PythonSources {
  const setting = vscode.workspace.getConfiguration(SECTION).inspect<string>('python');
  return {
    trusted: vscode.workspace.isTrusted,
    userSetting: setting?.globalValue ?? '',
    workspaceSetting: setting?.workspaceFolderValue ?? setting?.workspaceValue ?? '',
    folders: (vscode.workspace.workspaceFolders ?? [])
      .filter((folder) => folder.uri.scheme === 'file')
      .map((folder) => folder.uri.fsPath),
    platform: process.platform,
  };
}

/** The server of this window. Calls queue up, so that two restarts never overlap. */
export class Server {
  private client: LanguageClient | null = null;
  private queue: Promise<void> = Promise.resolve();

  /**
   * @param home an empty folder of the extension's own, the server's working directory
   */
  constructor(
    private readonly home: vscode.Uri,
    private readonly log: vscode.LogOutputChannel,
    private readonly listener: ServerListener,
  ) {}

  get running(): boolean {
    return this.client?.isRunning() ?? false;
  }

  /** Starts the server, ending the one that runs. Failures reach the user through the listener. */
  restart(): Promise<void> {
    return this.enqueue(async () => {
      await this.end();
      await this.begin();
    });
  }

  stop(): Promise<void> {
    return this.enqueue(() => this.end());
  }

  /** Passes the user's trust on. A server that could not start before may be able to now. */
  async trustGranted(): Promise<void> {
    if (!this.running) await this.restart();
    else await this.client?.sendNotification(trustNotification, { trusted: true });
  }

  async settingsChanged(): Promise<void> {
    // The server pulls what it needs; there is nothing to send along.
    await this.client?.sendNotification('workspace/didChangeConfiguration', { settings: null });
  }

  /** Runs one of the server's commands; undefined where no server runs. */
  async execute(command: string, ...args: unknown[]): Promise<unknown> {
    if (!this.client || !this.running) return undefined;
    return this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args });
  }

  private enqueue(change: () => Promise<void>): Promise<void> {
    const done = this.queue.then(change);
    this.queue = done.catch((error: unknown) => {
      this.log.error(error instanceof Error ? error : String(error));
      this.listener.status({ state: 'error', message: 'the server did not start', uri: null });
    });
    return this.queue;
  }

  private async begin(): Promise<void> {
    this.listener.status({ state: 'starting', message: 'Starting the server', uri: null });
    await vscode.workspace.fs.createDirectory(this.home);
    const found = await findPython(pythonSources(), this.home.fsPath);
    if ('problems' in found) {
      this.listener.unavailable(found.problems);
      return;
    }
    this.log.info(`Server: ${found.path} (Python)`);
    const client = createClient(found.path, this.home.fsPath, this.log);
    client.onNotification(relevanceNotification, this.listener.relevance);
    client.onNotification(statusNotification, this.listener.status);
    client.onDidChangeState(({ newState }) => {
      if (newState !== State.Stopped || this.client !== client) return;
      this.listener.status({ state: 'error', message: 'the server has stopped', uri: null });
    });
    this.client = client;
    await client.start();
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = null;
    // `dispose` also ends a client whose start failed, where `stop` would refuse.
    await client?.dispose();
  }
}

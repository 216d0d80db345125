/** Starts, restarts and ends the language server, one change at a time. */

import * as vscode from 'vscode';
import { ExecuteCommandRequest } from 'vscode-languageclient';
import type { LanguageClient } from 'vscode-languageclient/node';
import { Crashes } from './backoff';
import { createClient, SECTION } from './client';
import {
  relevanceNotification,
  statusNotification,
  trustNotification,
  type Relevance,
  type Status,
} from './protocol';
import { describeProblems, findPython, type PythonSources } from './python';

/** Who is told what the server sends. */
export interface ServerListener {
  relevance: (relevance: Relevance) => void;
  status: (status: Status) => void;
  /** There is no server now; `message` says why and what helps. */
  failed: (message: string) => void;
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
  private readonly crashes = new Crashes();
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly log: vscode.LogOutputChannel,
    private readonly listener: ServerListener,
  ) {}

  get running(): boolean {
    return this.client?.isRunning() ?? false;
  }

  /** Starts the server, ending the one that runs. Failures reach the user through the listener. */
  restart(): Promise<void> {
    this.crashes.reset();
    return this.startAnew();
  }

  stop(): Promise<void> {
    return this.enqueue(() => this.end());
  }

  /** Passes the user's trust on. A server that could not start before may be able to now. */
  async trustGranted(): Promise<void> {
    if (!this.running) await this.restart();
    else await this.client?.sendNotification(trustNotification, { trusted: true });
  }

  /** Runs one of the server's commands; undefined where no server runs. */
  async execute(command: string, ...args: unknown[]): Promise<unknown> {
    if (!this.client || !this.running) return undefined;
    return this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args });
  }

  private startAnew(): Promise<void> {
    return this.enqueue(async () => {
      await this.end();
      await this.begin();
    });
  }

  /** The server has ended by itself: start it again, after a pause that grows. */
  private crashed(): void {
    const pause = this.crashes.delay(Date.now());
    if (pause === null) {
      this.listener.failed('The server keeps crashing; the log says why.');
      return;
    }
    this.listener.status({ state: 'starting', message: 'The server crashed', uri: null });
    this.retry = setTimeout(() => void this.startAnew(), pause);
  }

  private enqueue(change: () => Promise<void>): Promise<void> {
    const done = this.queue.then(change);
    this.queue = done.catch((error: unknown) => {
      this.log.error(error instanceof Error ? error : String(error));
      this.listener.failed('The server did not start; the log says why.');
    });
    return this.queue;
  }

  private async begin(): Promise<void> {
    this.listener.status({ state: 'starting', message: 'Starting the server', uri: null });
    const found = await findPython(pythonSources());
    if ('problems' in found) {
      for (const each of found.problems) this.log.warn(describeProblems([each]));
      this.listener.failed(describeProblems(found.problems));
      return;
    }
    this.log.info(`Server: ${found.path} (Python)`);
    await this.launch(found.path);
  }

  /** Starts the server with an interpreter that can run it; throws when the server dies early. */
  private async launch(python: string): Promise<void> {
    let started = false;
    let giveUp: (error: Error) => void = () => undefined;
    const died = new Promise<never>((_resolve, reject) => {
      giveUp = reject;
    });
    const client = createClient(python, this.log, () => {
      if (started) this.crashed();
      else giveUp(new Error('The server ended before it had answered.'));
    });
    client.onNotification(relevanceNotification, this.listener.relevance);
    client.onNotification(statusNotification, this.listener.status);
    this.client = client;
    await Promise.race([client.start(), died]);
    started = true;
  }

  private async end(): Promise<void> {
    clearTimeout(this.retry);
    const client = this.client;
    this.client = null;
    // A client whose start failed has nothing to stop and would refuse.
    if (client?.isRunning()) await client.dispose();
  }
}

/** Starts, restarts and ends the language server, one change at a time. */

import type * as vscode from 'vscode';
import { ExecuteCommandRequest } from 'vscode-languageclient';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { ServerCommand } from '../protocol/commands';
import { ServerNotRunning } from '../protocol/errors';
import {
  panelNotification,
  relevanceNotification,
  reportNotification,
  statusNotification,
  trustNotification,
} from '../protocol/notifications';
import type { SendRequest } from '../protocol/requests';
import type { PanelRequest, Relevance, Report, Status } from '../protocol/serverMessages';
import { findPython } from '../setup/findPython';
import type { PythonSources } from '../setup/pythonCandidates';
import { describeProblems } from '../setup/pythonProblems';
import { type ClientOptions, createClient } from './client';
import { Crashes } from './crashes';
import { sendRequest } from './sendRequest';
import { firstAnswer, NoAnswer, StartAbandoned, StartFailed } from './startup';

/** Who is told what the server sends. */
export interface ServerListener {
  relevance: (relevance: Relevance) => void;
  status: (status: Status) => void;
  report: (report: Report) => void;
  panel: (request: PanelRequest) => void;
  /** The server has ended: what it was doing is not being done any more. */
  ended: () => void;
  /** There is no server now; `message` says why and what helps. */
  failed: (message: string) => void;
}

/** The server of this window. Calls queue up, so that two restarts never overlap. */
export class Server {
  private client: LanguageClient | null = null;
  private queue: Promise<void> = Promise.resolve();
  private readonly crashes = new Crashes();
  private starting = new AbortController();
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: ClientOptions & { log: vscode.LogOutputChannel },
    private readonly sources: () => Promise<PythonSources>,
    private readonly listener: ServerListener,
  ) {}

  get running(): boolean {
    return this.client?.isRunning() ?? false;
  }

  /** Starts the server, ending the one that runs. Failures reach the user through the listener. */
  restart(): Promise<void> {
    this.crashes.reset();
    this.abandonStart();
    return this.enqueue(async () => {
      await this.end();
      await this.start();
    });
  }

  /** Sees to it that a server runs: waits for a start under way, starts only where none runs. */
  ensureRunning(): Promise<void> {
    this.crashes.reset();
    return this.startMissing();
  }

  stop(): Promise<void> {
    this.abandonStart();
    return this.enqueue(() => this.end());
  }

  /** Passes the user's trust on. A server that could not start before may be able to now. */
  async trustGranted(): Promise<void> {
    await this.ensureRunning();
    if (this.running) await this.client?.sendNotification(trustNotification, { trusted: true });
  }

  /** Runs one of the server's commands; undefined where no server runs. */
  async execute(command: ServerCommand, ...args: unknown[]): Promise<unknown> {
    if (!this.client || !this.running) return undefined;
    return this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args });
  }

  /** Asks one of our own requests, which may take a while. */
  readonly sendRequest: SendRequest = (method, params, signal, progress) => {
    if (!this.client || !this.running) return Promise.reject(new ServerNotRunning());
    return sendRequest(this.client, method, params, signal, progress);
  };

  /** A start under way is not waited for: its server may hang. */
  private abandonStart(): void {
    this.starting.abort(new StartAbandoned());
  }

  private startMissing(onFailure?: (error: unknown) => void): Promise<void> {
    return this.enqueue(async () => {
      if (this.running) return;
      await this.end();
      await this.start();
    }, onFailure);
  }

  /** The server has ended by itself, once or again: start it anew, after a pause that grows. */
  private restartAfterCrash(): void {
    this.listener.ended();
    const pause = this.crashes.restartDelay(Date.now());
    if (pause === null) {
      this.listener.failed('The server keeps crashing; the log says why.');
      return;
    }
    this.listener.status({ state: 'starting', message: 'The server crashed', uri: null });
    clearTimeout(this.retry);
    this.retry = setTimeout(() => {
      void this.startMissing((error) => {
        if (error instanceof NoAnswer) this.reportStartFailure(error);
        else this.restartAfterCrash();
      });
    }, pause);
  }

  private enqueue(
    change: () => Promise<void>,
    onFailure = (error: unknown): void => {
      this.reportStartFailure(error);
    },
  ): Promise<void> {
    const done = this.queue.then(change);
    this.queue = done.catch((error: unknown) => {
      if (error instanceof StartAbandoned) return;
      this.options.log.error(error instanceof Error ? error : String(error));
      onFailure(error);
    });
    return this.queue;
  }

  private reportStartFailure(error: unknown): void {
    this.listener.failed(
      error instanceof StartFailed
        ? `The server did not start. ${error.message} The log may say more.`
        : 'The server did not start; the log says why.',
    );
  }

  private async start(): Promise<void> {
    this.listener.status({ state: 'starting', message: 'Starting the server', uri: null });
    const python = await findPython(await this.sources());
    if ('problems' in python) {
      const { problems } = python;
      for (const problem of problems) this.options.log.warn(describeProblems([problem]));
      this.listener.failed(describeProblems(problems));
      return;
    }
    this.options.log.info(`Server: ${python.path} (Python)`);
    await this.launch(python.path);
  }

  /** Starts the server with an interpreter that can run it; throws where it does not answer. */
  private async launch(python: string): Promise<void> {
    let started = false;
    const starting = (this.starting = new AbortController());
    const client = createClient(python, this.options, () => {
      // One that was told to end, and was killed as it did not, is no crash.
      if (started && this.client === client) this.restartAfterCrash();
      else starting.abort(new StartFailed('It ended before it had answered.'));
    });
    client.onNotification(relevanceNotification, this.listener.relevance);
    client.onNotification(statusNotification, this.listener.status);
    client.onNotification(reportNotification, this.listener.report);
    client.onNotification(panelNotification, this.listener.panel);
    this.client = client;
    const start = client.start();
    try {
      await firstAnswer(start, starting.signal);
      started = true;
    } catch (error) {
      // A client that has no answer yet cannot be stopped; one may still be on its way.
      client.serverProcess?.kill('SIGKILL');
      void start.then(() => client.dispose()).catch(() => undefined);
      throw error;
    }
  }

  private async end(): Promise<void> {
    clearTimeout(this.retry);
    const client = this.client;
    this.client = null;
    // A client whose start failed has nothing to stop and would refuse.
    if (!client?.isRunning()) return;
    try {
      await client.dispose();
    } catch (error) {
      // It hangs; the client kills it a little later. That must not keep a new one from starting.
      this.options.log.warn(`The server did not end by itself: ${String(error)}`);
    }
    this.listener.ended();
  }
}

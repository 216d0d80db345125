/** A language client set up for our server: capabilities, settings, trust. */

import * as vscode from 'vscode';
import {
  CloseAction,
  type DiagnosticCollectionProvider,
  type DocumentSelector,
  ErrorAction,
  type ErrorHandler,
  RevealOutputChannelOn,
  type StaticFeature,
} from 'vscode-languageclient';
import { LanguageClient, type LanguageClientOptions } from 'vscode-languageclient/node';
import { SAMPLE_SCHEME } from '../samples/finder';
import { PROMPT_FILES } from '../samples/promptDocuments';
import { SECTION } from '../settings/settings';
import { NEUTRAL_FOLDER, safeEnvironment, SERVER_ARGS } from '../setup/isolation';

/** What the client needs from the window that it works for. */
export interface ClientOptions {
  log: vscode.LogOutputChannel;
  /** Holds the diagnostics, and outlives every client. */
  diagnostics: DiagnosticCollectionProvider;
}

const OUR_CAPABILITIES = { relevance: true, status: true, report: true, panel: true };

/**
 * Tells the server that this client paints relevance itself, shows the engine's state, takes
 * reports and has a panel; and that it does not ask for diagnostics: VS Code would ask for visible documents only,
 * and a run over a folder needs those of documents that no editor shows.
 */
const announcesOurNotifications: StaticFeature = {
  fillClientCapabilities: (capabilities) => {
    const others = capabilities.experimental as Record<string, unknown> | undefined;
    capabilities.experimental = { ...others, ...OUR_CAPABILITIES };
    delete capabilities.textDocument?.diagnostic;
  },
  initialize: () => undefined,
  getState: () => ({ kind: 'static' }),
  clear: () => undefined,
};

/**
 * Takes out `trusted`, which is for editors without workspace trust: here VS Code alone says
 * whether a workspace is trusted, and a workspace's own settings must not.
 */
export function withoutTrusted(settings: unknown): unknown {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) return settings;
  return Object.fromEntries(Object.entries(settings).filter(([key]) => key !== 'trusted'));
}

/** The settings of our section as plain data (VS Code's object also carries methods). */
function currentSettings(): unknown {
  return withoutTrusted(JSON.parse(JSON.stringify(vscode.workspace.getConfiguration(SECTION))));
}

/**
 * Restarting is up to `Server`: the client's own way leaves `start()` pending for ever when the
 * server dies before it has answered.
 */
function leaveToServer(log: vscode.LogOutputChannel, closed: () => void): ErrorHandler {
  return {
    error: (error) => {
      log.error(error);
      return { action: ErrorAction.Continue, handled: true };
    },
    closed: () => {
      closed();
      return { action: CloseAction.DoNotRestart, handled: true };
    },
  };
}

/** Errors go to the log. What the user must know is said once, by `Server`, with what helps. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

const DOCUMENTS: DocumentSelector = [
  { scheme: 'file', language: 'python' },
  { scheme: 'untitled', language: 'python' },
  { scheme: SAMPLE_SCHEME, language: 'python' },
  { scheme: 'file', pattern: '**/*.jsonl' },
  { scheme: 'file', pattern: PROMPT_FILES },
];

/**
 * Makes a client that starts `python -P -m lsp_server` once `start()` is called.
 *
 * @param closed called when the server ends without having been asked to
 */
export function createClient(
  python: string,
  { log, diagnostics }: ClientOptions,
  closed: () => void,
): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: DOCUMENTS,
    diagnosticCollectionProvider: diagnostics,
    initializationOptions: () => ({
      trusted: vscode.workspace.isTrusted,
      settings: currentSettings(),
    }),
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationFailedHandler: () => false,
    errorHandler: leaveToServer(log, closed),
    middleware: {
      workspace: {
        configuration: async (params, token, next) => {
          const answers = await next(params, token);
          return Array.isArray(answers) ? answers.map(withoutTrusted) : answers;
        },
      },
    },
  };
  const server = {
    command: python,
    args: [...SERVER_ARGS],
    options: { cwd: NEUTRAL_FOLDER, env: safeEnvironment() },
  };
  const client = new QuietClient(SECTION, 'Token Blame', server, options);
  client.registerFeature(announcesOurNotifications);
  return client;
}

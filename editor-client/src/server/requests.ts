/** Our own requests to the server, with progress and cancel. */

import { CancellationTokenSource } from 'vscode';
import { LSPErrorCodes, ResponseError, WorkDoneProgress } from 'vscode-languageclient';
import type { LanguageClient } from 'vscode-languageclient/node';
import { MovedOn } from '../protocol/requests';

let asked = 0;

/** Rejects with MovedOn where the document has changed meanwhile. */
export async function ask(
  client: LanguageClient,
  method: string,
  params: object,
  signal: AbortSignal,
  progress: (message: string) => void,
): Promise<unknown> {
  const source = new CancellationTokenSource();
  const stop = (): void => {
    source.cancel();
  };
  signal.addEventListener('abort', stop);
  const workDoneToken = `panel/${++asked}`;
  const listening = client.onProgress(WorkDoneProgress.type, workDoneToken, (value) => {
    if (value.message) progress(value.message);
  });
  try {
    return await client.sendRequest(method, { ...params, workDoneToken }, source.token);
  } catch (error) {
    const moved = error instanceof ResponseError && error.code === LSPErrorCodes.ContentModified;
    throw moved ? new MovedOn() : error;
  } finally {
    listening.dispose();
    signal.removeEventListener('abort', stop);
    source.dispose();
  }
}

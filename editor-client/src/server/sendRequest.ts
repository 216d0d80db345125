/** Our own requests to the server, with progress and cancel. */

import { CancellationTokenSource } from 'vscode';
import { LSPErrorCodes, ResponseError, WorkDoneProgress } from 'vscode-languageclient';
import type { LanguageClient } from 'vscode-languageclient/node';
import { ContentModified } from '../protocol/errors';

let requestCount = 0;

/** Rejects with MovedOn where the document has changed meanwhile. */
export async function sendRequest(
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
  const workDoneToken = `panel/${++requestCount}`;
  const listening = client.onProgress(WorkDoneProgress.type, workDoneToken, (value) => {
    if (value.message) progress(value.message);
  });
  try {
    return await client.sendRequest(method, { ...params, workDoneToken }, source.token);
  } catch (error) {
    const modified = error instanceof ResponseError && error.code === LSPErrorCodes.ContentModified;
    throw modified ? new ContentModified() : error;
  } finally {
    listening.dispose();
    signal.removeEventListener('abort', stop);
    source.dispose();
  }
}

/** How the panel asks the server. */

import type { ComputeOptions } from './webviewMessages';

/** Sends a request; rejects with ContentModified, ServerNotRunning, or a message for the user. */
export type SendRequest = (
  method: string,
  params: { uri: string; version?: number } & ComputeOptions,
  signal: AbortSignal,
  progress: (message: string) => void,
) => Promise<unknown>;

/** How the server is asked, and the two ways in which it may not answer. */

import type { Wish } from './webviewMessages';

/** An answer that came too late: the text, or what is asked about it, has moved on. */
export class MovedOn extends Error {}

/** There is nobody to ask. */
export class NoServer extends Error {
  constructor() {
    super('The server is not running.');
  }
}

/** Asks the server; rejects with MovedOn, NoServer, or with a message for the user. */
export type Ask = (
  method: string,
  params: { uri: string; version?: number } & Wish,
  signal: AbortSignal,
  progress: (message: string) => void,
) => Promise<unknown>;

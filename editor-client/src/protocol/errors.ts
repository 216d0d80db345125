/** Why a request may have no answer, and any error in words. */

/** An answer that came too late: the document, or what is asked about it, has changed. */
export class ContentModified extends Error {}

/** There is no server that could answer. */
export class ServerNotRunning extends Error {
  constructor() {
    super('The server is not running.');
  }
}

/** What a message can say about whatever was thrown. */
export const errorMessage = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

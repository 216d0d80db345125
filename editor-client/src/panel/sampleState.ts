/** How far the explanation of a sample is, as the panel says it. */

import { ContentModified, errorMessage, ServerNotRunning } from '../protocol/errors';
import type { Details } from '../protocol/serverMessages';
import type { SampleState } from '../protocol/webviewMessages';

/** No sample is followed. */
export const NOTHING: SampleState = {
  state: 'none',
  message: 'Open a sample to see why it fails.',
};

/** It was edited after it was explained. */
export const STALE: SampleState = { state: 'stale', message: 'The text has changed.' };

/** No server runs yet. */
export const WAITING: SampleState = { state: 'none', message: 'Waiting for the server …' };

/** No editor has it open, so the server knows nothing of it. */
export const CLOSED: SampleState = {
  state: 'none',
  message: 'Open the sample to see why it fails.',
};

/** The server ended while it worked on it. */
export const ENDED: SampleState = { state: 'error', message: 'The server has ended.' };

/** Why nothing could be read about a sample. */
export function unreadState(error: unknown): SampleState {
  if (error instanceof ServerNotRunning) return WAITING;
  return error instanceof ContentModified
    ? CLOSED
    : { state: 'error', message: errorMessage(error) };
}

/** How far the explanation is that these details are of. */
export function sampleStateOf(details: Details | null): SampleState {
  const unexplained = 'Not explained yet.';
  if (!details?.taskId) return { state: 'unexplained', message: unexplained };
  if (details.attribution && details.pair) return { state: 'ready', message: details.pair.words };
  if (details.running) return { state: 'computing', message: 'Explaining …' };
  if (!details.verdict) return { state: 'unexplained', message: unexplained };
  const { passed, words: message } = details.verdict;
  return { state: passed ? 'passes' : 'unproved', message };
}

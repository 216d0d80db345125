/** The other half of the panel, in the extension. */

import type { FromView, Section } from '../../src/protocol/webviewMessages';

/** What VS Code keeps of the panel over a reload. */
export interface Saved {
  uri: string | null;
  section: Section;
}

interface Api {
  postMessage: (message: FromView) => void;
  setState: (state: Saved) => void;
}

declare function acquireVsCodeApi(): Api;

const api = acquireVsCodeApi();

export function send(message: FromView): void {
  api.postMessage(message);
}

export function save(state: Saved): void {
  api.setState(state);
}

/** The other half of the panel, in the extension. */

import type { MessageFromWebview, Section } from '../../src/protocol/webviewMessages';

/** What VS Code keeps of the panel over a reload. */
export interface Saved {
  uri: string | null;
  section: Section;
}

interface Api {
  postMessage: (message: MessageFromWebview) => void;
  setState: (state: Saved) => void;
}

declare function acquireVsCodeApi(): Api;

let acquired: Api | undefined;

/** VS Code gives it away only once. */
function api(): Api {
  acquired ??= acquireVsCodeApi();
  return acquired;
}

export function send(message: MessageFromWebview): void {
  api().postMessage(message);
}

export function save(state: Saved): void {
  api().setState(state);
}

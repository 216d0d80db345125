/** The panel's page: takes what the extension says and shows it in its sections. */

import type { Details } from '../src/protocol/serverMessages';
import type { MessageToWebview, SampleState } from '../src/protocol/webviewMessages';
import { byId, find } from './page/dom';
import { save, send } from './page/host';
import { sampleContent } from './page/states';
import { Tabs } from './page/tabs';
import { showChoices } from './sections/choices';
import { showComparison } from './sections/compare';
import { showFaithfulness } from './sections/faithfulness';
import { linkGraph, markColumn, offerDetail, recolor, showGraph } from './sections/graph';
import { followCursor, forgetToken, showLayers } from './sections/layers';
import { showRepair } from './sections/repair';

type Computations = { [T in 'graph' | 'compare']: (MessageToWebview & { type: T })['computation'] };

let uri: string | null = null;
let sample: SampleState = { state: 'none', message: '' };
let details: Details | null = null;
let cursor = -1;
const computations: Computations = { graph: { state: 'idle' }, compare: { state: 'idle' } };

const content = (section: string): HTMLElement => find(`[data-content="${section}"]`);

const remember = (): void => {
  save({ uri, section: tabs.section });
};

const tabs = new Tabs((section) => {
  remember();
  send({ type: 'section', section });
});

function showDetails(): void {
  showGraph(details, computations.graph);
  showLayers(content('layers'), details);
  showChoices(content('choices'), details, cursor);
  showRepair(content('repair'), details);
  showComparison(content('compare'), details, computations.compare);
  showFaithfulness(content('faithfulness'), details, sample.state === 'computing');
}

function showSample(message: MessageToWebview & { type: 'sample' }): void {
  if (message.uri !== uri) cursor = -1;
  ({ uri, sample } = message);
  byId('heading').textContent = message.title;
  const state = find('[data-state="sample"]');
  state.dataset['kind'] = sample.state;
  state.replaceChildren(...sampleContent(sample));
  showFaithfulness(content('faithfulness'), details, sample.state === 'computing');
  remember();
}

function receive(message: MessageToWebview): void {
  switch (message.type) {
    case 'sample':
      showSample(message);
      break;
    case 'details':
      if (message.details?.version !== details?.version) forgetToken();
      details = message.details;
      showDetails();
      break;
    case 'graph':
      computations.graph = message.computation;
      showGraph(details, computations.graph);
      break;
    case 'compare':
      computations.compare = message.computation;
      showComparison(content('compare'), details, computations.compare);
      break;
    case 'section':
      tabs.show(message.section);
      remember();
      break;
    case 'palette':
      document.body.dataset['palette'] = message.palette;
      recolor();
      break;
    case 'cursor':
      cursor = message.token;
      markColumn(cursor);
      if (followCursor(cursor)) showLayers(content('layers'), details);
      showChoices(content('choices'), details, cursor);
      break;
    case 'mouse':
      // What is read, such as the choices, stays with the cursor.
      markColumn(message.token < 0 ? cursor : message.token);
  }
}

window.addEventListener('message', ({ data }: MessageEvent<MessageToWebview>) => {
  receive(data);
});
// VS Code tells of another theme by the classes of the body.
new MutationObserver(recolor).observe(document.body, { attributeFilter: ['class'] });
linkGraph(() => details);
offerDetail();
showDetails();
send({ type: 'ready' });

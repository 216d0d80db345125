/** The section "Graph": the drawing of the exported page, tied to the text in the editor. */

import { openGraph } from '../../graph/graph';
import type { Details, GraphAnswer } from '../../src/protocol/serverMessages';
import type { Computation } from '../../src/protocol/webviewMessages';
import { byId, find, sentence } from '../page/dom';
import { send } from '../page/host';
import { computationContent } from '../page/states';

let shown: unknown = null;

const midpoints = (): HTMLInputElement => byId('midpoints') as HTMLInputElement;

/** Whether a graph has the states between attention and MLP. */
const isDetailed = (graph: unknown): boolean =>
  (graph as { stages: string[] }).stages.some((stage) => stage.endsWith('.attention'));

/** Until there is a graph, what there is instead; a new one goes in the place of the old. */
export function showGraph(details: Details | null, computation: Computation<GraphAnswer>): void {
  const state = find('[data-state="graph"]');
  const ready = computation.state === 'ready' && Boolean(details?.attribution);
  byId('drawing').hidden = !ready;
  byId('detail').hidden = !details?.attribution;
  state.hidden = ready;
  if (!details?.attribution) {
    const why = details?.verdict?.passed
      ? 'It passes its tests: there is no wrong token to explain.'
      : 'Once the sample is explained, its graph is drawn here.';
    state.replaceChildren(sentence(why));
  } else if (computation.state !== 'ready') {
    state.replaceChildren(
      ...computationContent('graph', computation, 'Follow Δℓ through the layers'),
    );
  } else if (computation.value.graph !== shown) {
    shown = computation.value.graph;
    midpoints().checked = isDetailed(shown);
    openGraph(shown);
  }
}

const tokenOf = (event: Event): number =>
  (event as CustomEvent<{ token: number | null }>).detail.token ?? -1;

/** Another depth is another graph; the next ones have it, too. */
export function offerDetail(): void {
  midpoints().addEventListener('change', () => {
    send({ type: 'compute', computation: 'graph', midpoints: midpoints().checked });
  });
}

/** Pointing at a node marks its token in the editor; selecting one brings it into sight. */
export function linkGraph(details: () => Details | null): void {
  window.addEventListener('tokenblame:point', (event) => {
    send({ type: 'point', place: details()?.tokens[tokenOf(event)] ?? null });
  });
  window.addEventListener('tokenblame:select', (event) => {
    const place = details()?.tokens[tokenOf(event)];
    if (place) send({ type: 'reveal', place });
  });
}

/** The other way round: the column of the token at the cursor. */
export function markColumn(token: number): void {
  window.dispatchEvent(new CustomEvent('tokenblame:highlight', { detail: { token } }));
}

/** Colours are read from the style sheet when they change. */
export function recolor(): void {
  window.dispatchEvent(new CustomEvent('tokenblame:theme'));
}

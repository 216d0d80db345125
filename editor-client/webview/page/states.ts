/** What is said where there is nothing to show yet, and what helps. */

import type { Computation, ComputationName, SampleState } from '../../src/protocol/webviewMessages';
import { button, make, sentence } from './dom';
import { send } from './host';

type Content = (Node | string)[];

const actionButton = (
  action: 'explain' | 'log',
  text: string,
  primary = false,
): HTMLButtonElement =>
  button(
    text,
    () => {
      send({ type: 'run', action });
    },
    primary,
  );

function progress(message: string, computation: ComputationName | 'sample'): Content {
  const stop = button('Cancel', () => {
    send({ type: 'cancel', computation });
  });
  return [make('span', { className: 'spinner', ariaHidden: 'true' }), message, ' ', stop];
}

/** About the sample as a whole. */
export function sampleContent({ state, message }: SampleState): Content {
  switch (state) {
    case 'computing':
      return progress(message, 'sample');
    case 'error':
      return [
        sentence(message),
        actionButton('explain', 'Try again', true),
        actionButton('log', 'Show log'),
      ];
    case 'unexplained':
      return [message, ' ', actionButton('explain', 'Explain this sample', true)];
    case 'stale':
      return [message, ' ', actionButton('explain', 'Explain the new text')];
    default:
      return [sentence(message)];
  }
}

/** About what takes the engine some time; `start` says what it would do. */
export function computationContent(
  name: ComputationName,
  computation: Computation<unknown>,
  start: string,
  model?: string,
): Content {
  const message = {
    type: 'compute',
    computation: name,
    ...(model !== undefined && { model }),
  } as const;
  const compute = (text: string): HTMLButtonElement =>
    button(
      text,
      () => {
        send(message);
      },
      true,
    );
  switch (computation.state) {
    case 'computing':
      return progress(computation.message, name);
    case 'failed':
      return [sentence(computation.message), compute('Try again')];
    case 'idle':
      return [compute(start)];
    case 'ready':
      return [];
  }
}

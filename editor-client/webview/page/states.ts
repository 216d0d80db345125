/** What is said where there is nothing to show yet, and what helps. */

import type { Computation, Part, SampleState } from '../../src/protocol/webviewMessages';
import { button, make, sentence } from './dom';
import { send } from './host';

type Content = (Node | string)[];

const run = (what: 'explain' | 'log', text: string, primary = false): HTMLButtonElement =>
  button(
    text,
    () => {
      send({ type: 'run', what });
    },
    primary,
  );

function working(message: string, cancel: Computation | 'sample'): Content {
  const stop = button('Cancel', () => {
    send({ type: 'cancel', what: cancel });
  });
  return [make('span', { className: 'spinner', ariaHidden: 'true' }), message, ' ', stop];
}

/** About the sample as a whole. */
export function sampleContent({ state, message }: SampleState): Content {
  switch (state) {
    case 'computing':
      return working(message, 'sample');
    case 'error':
      return [sentence(message), run('explain', 'Try again', true), run('log', 'Show log')];
    case 'unexplained':
      return [message, ' ', run('explain', 'Explain this sample', true)];
    case 'stale':
      return [message, ' ', run('explain', 'Explain the new text')];
    default:
      return [sentence(message)];
  }
}

/** About what takes the engine some time; `start` says what it would do. */
export function partContent(
  what: Computation,
  part: Part<unknown>,
  start: string,
  model?: string,
): Content {
  const message = { type: 'compute', what, ...(model !== undefined && { model }) } as const;
  const compute = (text: string): HTMLButtonElement =>
    button(
      text,
      () => {
        send(message);
      },
      true,
    );
  switch (part.state) {
    case 'computing':
      return working(part.message, what);
    case 'failed':
      return [sentence(part.message), compute('Try again')];
    case 'idle':
      return [compute(start)];
    case 'ready':
      return [];
  }
}

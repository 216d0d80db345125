/** What the panel tells its reader, in every state: golden files hold the whole text. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Details } from '../../src/protocol/serverMessages';
import type { Computation, SampleState } from '../../src/protocol/webviewMessages';
import { computationContent, sampleContent } from '../../webview/page/states';
import { showChoices } from '../../webview/sections/choices';
import { showComparison } from '../../webview/sections/compare';
import { showFaithfulness } from '../../webview/sections/faithfulness';
import { showLayers } from '../../webview/sections/layers';
import { showRepair } from '../../webview/sections/repair';
import { assertGolden } from '../fixtures/golden';
import { COMPARISON, details, FAITHFULNESS, RUNNING } from '../fixtures/panel';
import { type Child, FakeElement } from './elements';
import { asText } from './render';

const UNPROVED: Partial<Details> = { pair: null, attribution: null, repair: null, profile: [] };
const { attribution: EXPLAINED } = details();
assert.ok(EXPLAINED);
const CHOICES = {
  promptLength: 9,
  positions: [
    [
      { id: 5, text: ' <', probability: 0.6, written: true },
      { id: 6, text: ' <=', probability: 0.3, written: false },
      { id: 7, text: '\n', probability: 0.05, written: false },
    ],
  ],
};

const GRADIENT = { ...EXPLAINED, method: 'gradient' };

type Show = (content: HTMLElement) => void;

/** Compares what is shown in several cases, each below its name. */
function assertMessages(file: string, cases: Record<string, Show>): void {
  const texts = Object.entries(cases).map(([name, show]) => {
    const content = new FakeElement('section');
    show(content as unknown as HTMLElement);
    return `== ${name}\n${asText(content).trimEnd()}`;
  });
  assertGolden(file, texts.join('\n\n'));
}

describe('the panel', () => {
  it('offers choices', () => {
    const proved = details({ choices: CHOICES });
    const rest = { ...proved, pair: null, pairs: [] };
    assertMessages('choices.txt', {
      'nothing read': (content) => {
        showChoices(content, null, -1);
      },
      'a proved pair': (content) => {
        showChoices(content, proved, -1);
      },
      'no pair, cursor on a token that the model wrote': (content) => {
        showChoices(content, rest, 9);
      },
      'no pair, cursor elsewhere': (content) => {
        showChoices(content, rest, 2);
      },
    });
  });

  it('shows the layers', () => {
    assertMessages('layers.txt', {
      'not explained': (content) => {
        showLayers(content, details(UNPROVED));
      },
      'a method without layers': (content) => {
        showLayers(content, details({ profile: [], attribution: GRADIENT }));
      },
      explained: (content) => {
        showLayers(content, details());
      },
    });
  });

  it('shows the repair', () => {
    const { repair } = details();
    assertMessages('repair.txt', {
      'not proved': (content) => {
        showRepair(content, details(UNPROVED));
      },
      'a pair chosen by hand': (content) => {
        showRepair(content, details({ repair: null }));
      },
      'a file': (content) => {
        showRepair(content, details());
      },
      'a sample of a sample file': (content) => {
        showRepair(content, details({ repair: repair && { ...repair, editable: false } }));
      },
    });
  });

  it('compares models', () => {
    const known = details({ model: { name: 'm', retokenized: false } });
    const show =
      (computation: Computation<typeof COMPARISON>): Show =>
      (content) => {
        showComparison(content, known, computation);
      };
    assertMessages('comparison.txt', {
      'not explained': (content) => {
        showComparison(content, details(UNPROVED), { state: 'idle' });
      },
      'not asked yet': show({ state: 'idle' }),
      asked: show({ state: 'computing', message: 'Loading qwen2.5-coder-0.5b' }),
      answered: show({ state: 'ready', value: COMPARISON }),
    });
  });

  it('tells how faithful the map is', () => {
    assertMessages('faithfulness.txt', {
      'not measured': (content) => {
        showFaithfulness(content, details(), false);
      },
      measured: (content) => {
        showFaithfulness(content, details({ faithfulness: FAITHFULNESS }), false);
      },
      running: (content) => {
        showFaithfulness(content, details(RUNNING), true);
      },
    });
  });

  it('says what helps in every state', () => {
    const put = (content: HTMLElement, nodes: unknown): void => {
      (content as unknown as FakeElement).append(...(nodes as Child[]));
    };
    const states: SampleState['state'][] = [
      ...(['none', 'unexplained', 'computing', 'stale', 'error', 'passes'] as const),
      ...(['unproved', 'ready'] as const),
    ];
    const computations: Computation<unknown>[] = [
      { state: 'idle' },
      { state: 'computing', message: 'Loading the model' },
      { state: 'failed', message: 'Out of memory.' },
      { state: 'ready', value: null },
    ];
    assertMessages('states.txt', {
      ...Object.fromEntries(
        states.map((state): [string, Show] => [
          `sample ${state}`,
          (content) => {
            put(content, sampleContent({ state, message: 'The message.' }));
          },
        ]),
      ),
      ...Object.fromEntries(
        computations.map((computation): [string, Show] => [
          `graph ${computation.state}`,
          (content) => {
            put(content, computationContent('graph', computation, 'Draw the graph'));
          },
        ]),
      ),
    });
  });
});

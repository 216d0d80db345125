/** Renders sections of the panel into a page in memory, and that as plain text. */

import type { Details } from '../../src/protocol/serverMessages';
import { details } from '../fixtures/panel';
import { type Child, FakeElement } from './elements';

type Show = (content: HTMLElement, details: Details) => void;

/** What a section of the panel shows. */
export function rendered(show: Show, changes: Partial<Details> = {}): FakeElement {
  const content = new FakeElement('div');
  show(content as unknown as HTMLElement, details(changes));
  return content;
}

const BLOCKS = ['p', 'tr', 'caption', 'figcaption', 'pre', 'label', 'div'];

/** What is read on the page: `[button]`, `code`, cells of a table between bars. */
export function asText(node: Child): string {
  if (typeof node === 'string') return node;
  if (node.tag === 'tr') return `${node.childNodes.map(asText).join(' | ').trimEnd()}\n`;
  const inner = node.childNodes.map(asText).join(node.tag === 'select' ? ', ' : '');
  if (node.tag === 'button') return `[${inner}] `;
  if (node.tag === 'select') return `(${inner})`;
  if (node.tag === 'code') return `\`${inner}\``;
  return BLOCKS.includes(node.tag) ? `${inner.trimEnd()}\n` : inner;
}

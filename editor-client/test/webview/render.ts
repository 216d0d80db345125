/** Renders a section of the panel into a page in memory. */

import type { Details } from '../../src/protocol/serverMessages';
import { details } from '../fixtures/panel';
import { FakeElement } from './elements';

type Show = (content: HTMLElement, details: Details) => void;

/** What a section of the panel shows. */
export function rendered(show: Show, changes: Partial<Details> = {}): FakeElement {
  const content = new FakeElement('div');
  show(content as unknown as HTMLElement, details(changes));
  return content;
}

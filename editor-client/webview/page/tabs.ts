/** The sections as tabs: arrow keys move among them, as the ARIA pattern has it. */

import { type Section, SECTIONS } from '../../src/protocol/webviewMessages';
import { byId } from './dom';

export class Tabs {
  private current: Section = 'graph';

  /** `chosen` is told when the user has chosen another section. */
  constructor(private readonly chosen: (section: Section) => void) {
    for (const section of SECTIONS) {
      byId(`tab-${section}`).addEventListener('click', () => {
        this.choose(section);
      });
    }
    byId('tabs').addEventListener('keydown', (event) => {
      this.press(event);
    });
    this.show(this.current);
  }

  get section(): Section {
    return this.current;
  }

  show(section: Section): void {
    this.current = section;
    for (const each of SECTIONS) {
      const tab = byId(`tab-${each}`);
      tab.ariaSelected = String(each === section);
      tab.tabIndex = each === section ? 0 : -1;
      byId(`section-${each}`).hidden = each !== section;
    }
  }

  private choose(section: Section): void {
    if (section === this.current) return;
    this.show(section);
    this.chosen(section);
  }

  private press(event: KeyboardEvent): void {
    const here = SECTIONS.indexOf(this.current);
    const places: Partial<Record<string, number>> = {
      ArrowLeft: here - 1,
      ArrowRight: here + 1,
      Home: 0,
      End: SECTIONS.length - 1,
    };
    const section = SECTIONS.at((places[event.key] ?? NaN) % SECTIONS.length);
    if (places[event.key] === undefined || !section) return;
    event.preventDefault();
    this.choose(section);
    byId(`tab-${section}`).focus();
  }
}

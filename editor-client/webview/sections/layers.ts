/** The section "Layers": how much relevance lies where after each layer. */

import type { Details, TokenDetails } from '../../src/protocol/serverMessages';
import { bar, make, number, sentence, table, visible } from '../page/dom';
import { groups, layerName, ofToken, type Profile, strongest } from './profile';

const LISTED = 30; // tokens to choose from; the cursor brings in any other

/** The token whose layers are shown; −1: all tokens, by where they come from. */
let chosen = -1;

function tokenSelect(details: Details, redraw: () => void): HTMLElement {
  const listed = strongest(details.tokens, LISTED);
  const extra = details.tokens[chosen];
  const tokens = extra && !listed.includes(extra) ? [extra, ...listed] : listed;
  const options = tokens.map((token) => tokenOption(token));
  const all = make('option', { value: '-1' }, 'all tokens, by where they come from');
  const select = make('select', {}, all, ...options);
  select.value = String(chosen);
  select.addEventListener('change', () => {
    chosen = Number(select.value);
    redraw();
  });
  return make('label', {}, 'Layers of ', select);
}

const tokenOption = ({ index, text }: TokenDetails): HTMLOptionElement =>
  make('option', { value: String(index) }, `${visible(text)}  (token ${index})`);

/** The last layer is on top, as in the graph. */
function rows(profiles: readonly Profile[]): (Node | string)[][] {
  const scale = Math.max(...profiles.flatMap(({ values }) => values.map(Math.abs)), 1e-12);
  const layers = profiles[0]?.values.length ?? 0;
  return Array.from({ length: layers }, (_, index) => {
    const layer = layers - 1 - index;
    const cells = profiles.map(({ values }) => {
      const value = values[layer] ?? 0;
      return make('span', { className: 'measure' }, bar(value / scale), number(value));
    });
    return [layerName(layer), ...cells];
  });
}

function profilesOf(details: Details): Profile[] {
  const token = details.tokens[chosen];
  return token ? [ofToken(token, details.profile)] : groups(details.tokens, details.profile);
}

export function showLayers(content: HTMLElement, details: Details | null): void {
  if (!details || details.profile.length < 2) {
    const reason = details?.attribution
      ? `The method ${details.attribution.method} has no layers; attnlrp and cplrp have.`
      : 'Once the sample is explained, its layers are shown here.';
    content.replaceChildren(sentence(reason));
    return;
  }
  if (!details.tokens[chosen]) chosen = -1; // it was one of another pair
  const profiles = profilesOf(details);
  const redraw = (): void => {
    showLayers(content, details);
  };
  content.replaceChildren(
    tokenSelect(details, redraw),
    sentence(
      'Relevance at the end of each layer, in logit units: right supports what was written, left ' +
        'what would have passed. It begins at the last token (top) and ends at the input tokens.',
    ),
    table(
      'Relevance by layer',
      ['after', ...profiles.map(({ title }) => (chosen < 0 ? title : visible(title)))],
      rows(profiles),
    ),
  );
}

/** The cursor stands on another token; whether something else is to be shown. */
export function followCursor(token: number): boolean {
  if (token < 0 || token === chosen) return false;
  chosen = token;
  return true;
}

/** Another text has other tokens. */
export function forgetToken(): void {
  chosen = -1;
}

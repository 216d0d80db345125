/** The section "Compare": two models on the same choice in the same text, side by side. */

import { bucketOf } from '../../src/heatmap/buckets';
import type {
  ComparedModel,
  ComparisonAnswer,
  Details,
  Piece,
} from '../../src/protocol/serverMessages';
import type { Computation } from '../../src/protocol/webviewMessages';
import models from '../../src/settings/models.json';
import { make, number, percent, sentence, signed, table, token } from '../page/dom';
import { send } from '../page/host';
import { computationContent } from '../page/states';

const EVERYTHING = { intensity: 1, positive: true, negative: true, template: true };

const placeKey = ({ document, place }: Piece): string => JSON.stringify([document, place.start]);

/** Marks what stands at the same place in the other map, and in the editor. */
function linkMaps(maps: HTMLElement): void {
  maps.addEventListener('mouseover', ({ target }) => {
    const key = target instanceof HTMLElement ? target.dataset['key'] : undefined;
    for (const piece of maps.querySelectorAll<HTMLElement>('[data-key]')) {
      piece.classList.toggle('pointed', key !== undefined && piece.dataset['key'] === key);
    }
  });
  maps.addEventListener('mouseleave', () => {
    for (const piece of maps.querySelectorAll('.pointed')) piece.classList.remove('pointed');
    send({ type: 'point', place: null });
  });
}

function paint(piece: Piece): HTMLElement {
  const bucket = bucketOf(piece, EVERYTHING);
  const title = `${signed(piece.relevance)}${piece.role === 'template' ? ', template' : ''}`;
  const made = make('span', { className: bucket ? `heat ${bucket}` : '', title }, piece.text);
  made.dataset['key'] = placeKey(piece);
  made.addEventListener('mouseenter', () => {
    send({ type: 'point', place: piece });
  });
  made.addEventListener('click', () => {
    send({ type: 'reveal', place: piece });
  });
  return made;
}

function heatMapOf(model: ComparedModel): HTMLElement {
  const label = `Heat map of ${model.name}`;
  return make(
    'figure',
    {},
    make('figcaption', {}, make('strong', {}, model.name), ` Δℓ = ${signed(model.logitDiff)}`),
    make(
      'pre',
      { tabIndex: 0, role: 'region', ariaLabel: label },
      ...model.pieces.map(paint),
      make(
        'mark',
        { className: 'target', title: 'the token that is explained' },
        model.target.text,
      ),
    ),
  );
}

function figuresTable(both: readonly ComparedModel[]): HTMLElement {
  const row = (title: string, cell: (model: ComparedModel) => Node | string): (Node | string)[] => [
    title,
    ...both.map(cell),
  ];
  const best = ({ choices }: ComparedModel): HTMLElement => {
    const [first] = choices;
    return make(
      'span',
      {},
      ...(first ? [token(first.text), ` ${percent(first.probability)}`] : []),
    );
  };
  return table(
    'Figures',
    ['', ...both.map(({ name }) => name)],
    [
      row('Δℓ', ({ logitDiff }) => number(logitDiff)),
      row('rank of what was written', ({ target }) => `${target.rank}`),
      row('rank of what would have passed', ({ contrast }) => `${contrast.rank}`),
      row('first choice', best),
      row('tokens', ({ sum }) => number(sum)),
      row('not distributed', ({ logitDiff, sum, bias }) => number(logitDiff - sum - bias)),
      row('biases', ({ bias }) => number(bias)),
    ],
  );
}

function strongest({ pieces }: ComparedModel): Piece[] {
  const counted = pieces.filter(({ role }) => role !== 'template');
  return counted.sort((a, b) => Math.abs(b.relevance) - Math.abs(a.relevance)).slice(0, 10);
}

/** The same as the maps for those who do not see colours. */
function tokensTable(both: readonly ComparedModel[]): HTMLElement {
  const ranked = both.map(strongest);
  const rows = Array.from(
    { length: Math.max(...ranked.map(({ length }) => length)) },
    (_, rank) => [
      `${rank + 1}`,
      ...ranked.map((pieces) => {
        const piece = pieces[rank];
        return piece ? make('span', {}, token(piece.text), ' ', number(piece.relevance)) : '';
      }),
    ],
  );
  return table('The strongest tokens', ['rank', ...both.map(({ name }) => name)], rows);
}

function comparisonContent({ words, models: both }: ComparisonAnswer): Node[] {
  const maps = make('div', { className: 'maps' }, ...both.map(heatMapOf));
  linkMaps(maps);
  return [sentence(words), maps, figuresTable(both), tokensTable(both)];
}

/** The model to compare with, as chosen here; null: the sibling of the settings. */
let chosen: string | null = null;

/** A choice among the models that are known by name; any other one can be set as the sibling. */
function modelSelect(details: Details, names: readonly string[], redraw: () => void): HTMLElement {
  const options = names.map((name) => make('option', { value: name }, name));
  const select = make('select', {}, ...options);
  select.value = chosenModel(details, names);
  select.addEventListener('change', () => {
    chosen = select.value;
    redraw();
  });
  return make('label', {}, 'Compare with ', select);
}

function otherModels({ sibling, model }: Details): string[] {
  const known = models.map(({ name }) => name);
  const all = sibling === null || known.includes(sibling) ? known : [sibling, ...known];
  return all.filter((name) => name !== model?.name);
}

function chosenModel({ sibling }: Details, names: readonly string[]): string {
  const wanted = [chosen, sibling].find((name) => name !== null && names.includes(name));
  return wanted ?? names[0] ?? '';
}

export function showComparison(
  content: HTMLElement,
  details: Details | null,
  computation: Computation<ComparisonAnswer>,
): void {
  if (!details?.attribution) {
    const reason =
      'Once the sample is explained, another model can be asked about the same choice.';
    content.replaceChildren(sentence(reason));
    return;
  }
  const names = otherModels(details);
  const model = chosenModel(details, names);
  const answered = computation.state === 'ready' && computation.value.models[1].name === model;
  const shown: Computation<ComparisonAnswer> =
    computation.state === 'ready' && !answered ? { state: 'idle' } : computation;
  const redraw = (): void => {
    showComparison(content, details, computation);
  };
  content.replaceChildren(
    modelSelect(details, names, redraw),
    make(
      'div',
      { className: 'state' },
      ...computationContent('compare', shown, `Ask ${model}`, model),
    ),
    ...(computation.state === 'ready' ? comparisonContent(computation.value) : []),
  );
}

/* The panel at the right: the whole graph in words and tables, or one node of it. */

const LISTED = 15; // edges of a node, each way
const RANKED = 40; // tokens with the strongest nodes of the whole graph

/** An element; properties are set, children are appended, strings as text. */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`.replace('-', MINUS);

function number(value) {
  const sign = value < 0 ? 'minus' : 'plus';
  return make('td', { className: `number ${sign}` }, signed(value));
}

function table(titles, rows) {
  const cells = titles.map((text) => make('th', { scope: 'col' }, text));
  return make(
    'table',
    {},
    make('thead', {}, make('tr', {}, ...cells)),
    make('tbody', {}, ...rows.map((row) => make('tr', {}, ...row))),
  );
}

const cell = (...children) => make('td', {}, ...children);

/** Name of a place, e.g. "·return" or "softmax leak". */
function nameOf(model, place) {
  const { kind, token } = describe(model, place);
  if (kind === 'leak') return 'softmax leak';
  if (kind === 'bias') return 'biases';
  return visible(model.data.tokens[token].text);
}

/** Only one objective has a contrast token; the others measure against many. */
function sideOf(model, relevance) {
  if (relevance >= 0) return 'supports what was written';
  return model.data.objective === 'contrast' ? 'supports the contrast' : 'speaks against it';
}

/** One line for tooltip and screen reader. */
function summary(model, place) {
  const { kind, stage, token, relevance, node } = describe(model, place);
  const where = stageTitle(model.data.stages[stage]);
  const which = kind === 'token' ? `, token ${token}, ${where}` : ` above ${where}`;
  const side = sideOf(model, relevance) + (node < 0 ? ', pruned' : '');
  return `${nameOf(model, place)}${which}: ${signed(relevance)}, ${side}`;
}

function nodeButton(model, place, actions) {
  const button = make('button', { type: 'button', className: 'node' });
  button.append(make('code', {}, nameOf(model, place)));
  if (place < model.cells)
    button.append(make('span', { className: 'quiet' }, ` ${place % model.n}`));
  button.addEventListener('click', () => actions.select(place));
  return button;
}

function showNode(panel, model, place, actions) {
  const { kind, stage, token, relevance, node } = describe(model, place);
  const { data } = model;
  const score = data.logit_diff;
  const share = score ? `, ${percent(relevance / score)} of Δℓ` : '';
  const role = kind === 'token' ? `token ${token}, ${data.tokens[token].role}, ` : 'above ';
  const close = make('button', { type: 'button' }, 'Close');
  close.addEventListener('click', actions.close);
  const follow = make('button', { type: 'button', id: 'follow' }, 'Follow the strongest path');
  follow.addEventListener('click', () => actions.follow(place));
  panel.replaceChildren(
    make('h2', {}, make('code', {}, nameOf(model, place))),
    make('p', { className: 'quiet' }, role + stageTitle(data.stages[stage])),
    make(
      'p',
      { className: relevance < 0 ? 'minus' : 'plus' },
      `${signed(relevance)}: ${sideOf(model, relevance)}${share}`,
    ),
    make('p', {}, kind === 'token' && node >= 0 && stage > 0 ? follow : '', ' ', close),
    ...(node < 0
      ? [make('p', {}, 'This node was pruned; its edges are not in this file.')]
      : nodeTables(model, node, actions)),
  );
}

function nodeTables(model, node, actions) {
  const token = model.data.nodes[node].kind === 'token';
  const pruned = token ? prunedWeight(model, node) : 0;
  const [below, above] = [model.incoming[node], model.outgoing[node]];
  const parts = [
    ...edgeTable(
      model,
      { title: 'Draws on (one stage below)', edges: below, end: 'source', pruned },
      actions,
    ),
    ...edgeTable(
      model,
      { title: 'Feeds (one stage above)', edges: above, end: 'target', pruned: 0 },
      actions,
    ),
  ];
  const detail = model.details.get(node);
  if (detail) {
    parts.push(...ranking('Hidden dimensions', detail.dimensions));
    const through = `MLP neurons (${signed(detail.mlp)} in all)`;
    parts.push(...ranking(through, detail.neurons));
  }
  return parts;
}

function edgeTable(model, { title, edges, end, pruned }, actions) {
  if (!edges.length && !pruned) return [];
  const rows = edges.slice(0, LISTED).map((index) => {
    const edge = model.data.edges[index];
    const other = nodeButton(model, model.placeOf[edge[end]], actions);
    return [cell(other, heads(edge)), number(edge.weight)];
  });
  const more = edges.length - rows.length;
  if (more > 0) {
    const weight = edges
      .slice(LISTED)
      .reduce((sum, index) => sum + model.data.edges[index].weight, 0);
    rows.push([cell(`${more} weaker`), number(weight)]);
  }
  if (pruned) rows.push([cell('edges that were pruned'), number(pruned)]);
  return [make('h3', {}, title), table(['node', 'weight'], rows)];
}

/** What a node's relevance is beyond its edges in the file. */
function prunedWeight(model, node) {
  const { stage, relevance } = model.data.nodes[node];
  const kept = model.incoming[node].reduce((sum, index) => sum + model.data.edges[index].weight, 0);
  const lost = relevance - kept;
  return stage > 0 && Math.abs(lost) > 1e-6 * Math.abs(relevance) ? lost : 0;
}

/** The split of an edge: past the attention, and what each head carries by which way. */
function heads(edge) {
  if (!edge.heads.length && !edge.direct) return null;
  const rows = edge.heads.map((head) => [
    cell(`${head.layer}.${head.head}`),
    number(head.value),
    number(head.key),
    number(head.query),
  ]);
  const count = edge.heads.length;
  const title = count ? `${count} head${count > 1 ? 's' : ''} to open` : 'way';
  return make(
    'details',
    {},
    make('summary', {}, title),
    edge.direct ? make('p', {}, `past the attention: ${signed(edge.direct)}`) : null,
    count ? table(['head', 'value', 'key', 'query'], rows) : null,
  );
}

function ranking(title, entries) {
  if (!entries.length) return [];
  const rows = entries.map(([index, relevance]) => [cell(`${index}`), number(relevance)]);
  return [make('h3', {}, title), table(['index', 'relevance'], rows)];
}

function showOverview(panel, model, selection, actions) {
  const { data } = model;
  const { sum, absorbed } = data.completeness;
  const { pruning } = data;
  panel.replaceChildren(
    make('h2', {}, 'The whole graph'),
    make(
      'p',
      {},
      `Δℓ = ${signed(data.logit_diff)}: tokens ${signed(sum)}, softmax leak and biases `,
      signed(absorbed),
    ),
    make(
      'p',
      { className: 'quiet' },
      `Kept: ${pruning.policy}. ${pruning.nodes} of ${pruning.all_nodes} token nodes have `,
      `${percent(pruning.kept_relevance)} of all |relevance|; ${pruning.edges} of `,
      `${pruning.all_edges} edges into strong ones have ${percent(pruning.kept_mass)} of their mass. `,
      besideTokens(data),
    ),
    make(
      'p',
      { className: 'quiet' },
      'Click a node, or move with the arrow keys and press Enter. ',
      'P follows the strongest path, Escape closes. Wheel: zoom; drag: pan.',
    ),
    make('h3', {}, 'Strongest tokens drawn'),
    table(['token', 'strongest', 'relevance'], strongestNodes(model, selection, actions)),
    make('h3', {}, 'Shape of each transition'),
    table(['to', 'connected', 'Gini', 'vertical', 'look-back'], data.measures.map(measureRow)),
  );

  function measureRow(measure) {
    const figures = [percent(measure.connectivity), measure.gini.toFixed(2)];
    figures.push(percent(measure.verticality), measure.look_back.toFixed(1));
    return [data.stages[measure.target], ...figures].map((text) => cell(text));
  }
}

/** A row for each token, of its strongest node: it mostly has many, stage above stage. */
function strongestNodes(model, selection, actions) {
  const size = (place) => Math.abs(describe(model, place).relevance);
  const groups = new Map();
  for (const place of selection.rows.flat().sort((a, b) => size(b) - size(a))) {
    const { kind, token } = describe(model, place);
    const name = kind === 'token' ? token : kind;
    groups.set(name, [...(groups.get(name) ?? []), place]);
  }
  return [...groups.values()].slice(0, RANKED).map(([place, ...others]) => {
    const { stage, relevance } = describe(model, place);
    const more = others.length ? `, and at ${others.length} more stage${others.length > 1 ? 's' : ''}` : '';
    return [
      cell(nodeButton(model, place, actions)),
      cell(stageTitle(model.data.stages[stage]), make('span', { className: 'quiet' }, more)),
      number(relevance),
    ];
  });
}

/** Why the file has more nodes and edges than the pruning kept. */
function besideTokens({ nodes, edges, pruning }) {
  const more = nodes.length - pruning.nodes;
  if (!more) return '';
  return (
    `With ${more} nodes for softmax leaks and biases and their ${edges.length - pruning.edges} ` +
    `edges the file has ${nodes.length} nodes and ${edges.length} edges.`
  );
}

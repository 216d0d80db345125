/*
 * The graph as it is drawn. The data is the JSON of attribution/graphs/export.py.
 *
 * A place is a number: stage · n + token for a token's state, pruned ones too, and
 * stages · n + node for a leak or bias node.
 */

const MINUS = '\u2212';

/** Indexes the data: places of nodes, and the edges of each node, strongest first. */
function makeModel(data) {
  const n = data.tokens.length;
  const cells = data.stages.length * n;
  const nodeAt = new Int32Array(cells).fill(-1);
  const placeOf = data.nodes.map((node, index) => {
    if (node.kind !== 'token') return cells + index;
    nodeAt[node.stage * n + node.token] = index;
    return node.stage * n + node.token;
  });
  const incoming = data.nodes.map(() => []);
  const outgoing = data.nodes.map(() => []);
  const falling = data.edges
    .map((_, index) => index)
    .sort((a, b) => Math.abs(data.edges[b].weight) - Math.abs(data.edges[a].weight));
  for (const index of falling) {
    incoming[data.edges[index].target].push(index);
    outgoing[data.edges[index].source].push(index);
  }
  const strongest = placeOf
    .map((_, node) => node)
    .sort((a, b) => Math.abs(data.nodes[b].relevance) - Math.abs(data.nodes[a].relevance));
  const details = new Map(data.details.map((detail) => [detail.node, detail]));
  const used = new Set(data.nodes.map((node) => node.token)); // tokens with a node
  const kinds = new Set(data.nodes.map((node) => node.kind));
  const index = { nodeAt, placeOf, incoming, outgoing, falling, strongest, details, used, kinds };
  return { data, n, cells, ...index, ...scales(data) };
}

/** The largest sizes; a template token's relevance does not count, as it dwarfs all others. */
function scales(data) {
  const sizes = data.nodes
    .filter((node) => node.kind === 'token' && data.tokens[node.token].role !== 'template')
    .map((node) => Math.abs(node.relevance));
  const weights = data.edges.map((edge) => Math.abs(edge.weight));
  const least = (values) => values.reduce((a, b) => (b > 0 && b < a ? b : a), Infinity);
  const most = (values) => values.reduce((a, b) => Math.max(a, b), 0) || 1;
  const span = (values) => ({
    most: most(values),
    least: Math.max(least(values), most(values) / 1e5),
  });
  return { sizes: span(sizes), weights: span(weights) };
}

/** What is at a place; `node` is −1 where it was pruned. */
function describe(model, place) {
  if (place >= model.cells) {
    const node = place - model.cells;
    return { ...model.data.nodes[node], node };
  }
  const stage = Math.floor(place / model.n);
  const token = place % model.n;
  const relevance = model.data.relevance[stage][token];
  return { kind: 'token', stage, token, relevance, node: model.nodeAt[place] };
}

/**
 * What the settings leave: columns (token of each, and the other way round), the places to draw
 * by stage from left to right, pruned places, which places are drawn, and places and edges, weakest
 * first.
 */
function select(model, settings) {
  const { data } = model;
  const columns = shownTokens(model, settings);
  const columnOf = new Int32Array(model.n).fill(-1);
  columns.forEach((token, column) => (columnOf[token] = column));
  const last = model.nodeAt[model.cells - 1];
  const shown = data.nodes.map((node, index) => {
    if (node.kind === 'token' && columnOf[node.token] < 0) return false;
    return index === last || Math.abs(node.relevance) >= settings.nodesAbove;
  });
  const strong = (edge) =>
    Math.abs(edge.weight) >= settings.edgesAbove && shown[edge.source] && shown[edge.target];
  const edges = model.falling.filter((index) => strong(data.edges[index])).reverse();
  const places = model.strongest.filter((node) => shown[node]).map((node) => model.placeOf[node]);
  const rows = data.stages.map(() => []);
  data.nodes.forEach((node, index) => {
    if (shown[index]) rows[node.stage].push(model.placeOf[index]);
  });
  const pruned = settings.pruned ? prunedPlaces(model, columns, settings.nodesAbove) : [];
  const drawn = new Uint8Array(model.cells + data.nodes.length);
  for (const row of [...rows, pruned]) row.forEach((place) => (drawn[place] = 1));
  return { columns, columnOf, rows, places: places.reverse(), edges, pruned, drawn };
}

/** The tokens that have a column. The last one always has: it is what is explained. */
function shownTokens(model, settings) {
  const { tokens } = model.data;
  return tokens
    .map((token) => token.index)
    .filter(
      (token) =>
        token === model.n - 1 ||
        ((settings.empty || model.used.has(token)) &&
          (settings.template || tokens[token].role !== 'template')),
    );
}

function prunedPlaces(model, columns, least) {
  return model.data.relevance.flatMap((row, stage) =>
    columns
      .filter((token) => row[token] !== 0 && Math.abs(row[token]) >= least)
      .map((token) => stage * model.n + token)
      .filter((place) => model.nodeAt[place] < 0),
  );
}

/** From a place down to the embedding, at every step along the strongest edge to a shown token. */
function strongestPath(model, selection, place) {
  const path = [place];
  let { node } = describe(model, place);
  while (node >= 0) {
    const step = model.incoming[node].find((index) => {
      const source = model.data.nodes[model.data.edges[index].source];
      return source.kind === 'token' && selection.columnOf[source.token] >= 0;
    });
    node = step === undefined ? -1 : model.data.edges[step].source;
    if (node >= 0) path.push(model.placeOf[node]);
  }
  return path;
}

/** The column of a place; those of leak and bias lie right of all tokens. */
function columnAt(model, selection, place) {
  if (place < model.cells) return selection.columnOf[place % model.n];
  return selection.columns.length + (describe(model, place).kind === 'leak' ? 0 : 1);
}

/** The next drawn place beside (dx) or, in the next stage that has one, above (dy) `place`. */
function neighbour(model, selection, place, dx, dy) {
  const { stage } = describe(model, place);
  const column = columnAt(model, selection, place);
  const distance = (other) => Math.abs(columnAt(model, selection, other) - column);
  const nearest = (row) => row.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  if (dx) {
    const beside = selection.rows[stage].filter(
      (other) => (columnAt(model, selection, other) - column) * dx > 0,
    );
    return beside.length ? nearest(beside) : place;
  }
  for (let row = stage + dy; row >= 0 && row < selection.rows.length; row += dy) {
    if (selection.rows[row].length) return nearest(selection.rows[row]);
  }
  return place;
}

/** Tokens whose text contains `text`, whatever the case. */
function findTokens(model, text) {
  const wanted = text.toLowerCase();
  if (!wanted) return [];
  const { tokens } = model.data;
  return tokens.filter((token) => token.text.toLowerCase().includes(wanted)).map((t) => t.index);
}

/** Text of a token on one line, with its white space and control characters made visible. */
function visible(text, longest = 40) {
  const shown = text
    .replaceAll(' ', '\u00b7')
    .replaceAll('\n', '\u21b5')
    .replaceAll('\t', '\u21e5')
    .replace(/\p{Cc}/gu, (c) => (c < ' ' ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : c))
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '\ufffd');
  const characters = Array.from(shown);
  if (characters.length > longest) return `${characters.slice(0, longest - 1).join('')}\u2026`;
  return shown || '\u2205';
}

/** "12.mlp" → "layer 12, after the MLP". */
function stageTitle(name) {
  if (name === 'embedding') return 'embedding';
  const [layer, part] = name.split('.');
  return `layer ${layer}, after the ${part === 'mlp' ? 'MLP' : part}`;
}

/** Logit units with a sign and three figures. */
function signed(value) {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  const text = size && size < 5e-4 ? size.toExponential(1) : size.toFixed(digits);
  return (value < 0 ? MINUS : '+') + text.replace('e-', `e${MINUS}`);
}

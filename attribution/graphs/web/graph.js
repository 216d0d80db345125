/*
 * Puts the view together: settings, pointer, keys. It works on the elements of graph.html and shows
 * one graph at a time. Another view can follow and lead by events of the window: pointing at a node
 * sends `tokenblame:point`, selecting one `tokenblame:select`, and `tokenblame:highlight` marks a
 * token here; all carry {token} (null or −1: none). `tokenblame:theme` has the colours read anew.
 */

const CALM = 150; // milliseconds of rest before all of them are drawn

const byId = (id) => document.getElementById(id);
const view = makeView();
const settings = { nodesAbove: 0, edgesAbove: 0, template: true, empty: false, pruned: false };
const marks = { hover: -1, cursor: -1, selected: -1, path: [], tokens: [] };
const search = { found: [], at: -1 };
const sliders = [
  { id: 'nodes', name: 'nodesAbove', span: 'sizes' },
  { id: 'edges', name: 'edgesAbove', span: 'weights' },
];
const frame = byId('frame');
const base = byId('base');
const overlay = byId('overlay');
let model = null; // until the first graph is opened
let selection = null;
let theme = readTheme();
let pending = new Set();
let settling = 0;
let budget = MOST; // edges that the next frame may draw
let short = false; // whether the last one left some out
let listed = null; // the selection that the panel's table is of

const scene = () => ({ view, model, selection, theme });

/** Draws in the next frame, whatever has been asked for until then. */
function redraw(...layers) {
  if (!pending.size) requestAnimationFrame(paint);
  layers.forEach((layer) => pending.add(layer));
}

function paint() {
  const asked = pending;
  pending = new Set();
  base.classList.toggle('dimmed', marks.selected >= 0 || marks.path.length > 0);
  if (asked.has('base')) {
    drawFrame(frame, scene());
    short = selection.edges.length > budget || selection.places.length > NODES * budget;
    const start = performance.now();
    drawBase(base, scene(), budget);
    requestAnimationFrame(() => {
      budget = budgetAfter(budget, performance.now() - start); // the next frame waits for this one
    });
    clearTimeout(settling);
    settling = setTimeout(settle, CALM);
  }
  drawOverlay(overlay, scene(), marks);
}

/** What waits until nothing moves: what a frame of a large graph left out, and the tables. */
function settle() {
  if (short) drawBase(base, scene(), Infinity);
  if (listed === selection || marks.selected >= 0) return;
  showOverview(byId('panel'), model, selection, actions);
  listed = selection;
}

/** After a change of settings: what is shown, and everything that depends on it. */
function update() {
  selection = select(model, settings);
  if (marks.cursor >= 0 && !selection.drawn[marks.cursor]) marks.cursor = -1;
  reshape(view, { columns: selection.columns.length, rows: model.data.stages.length });
  const edges = selection.edges.length;
  const { nodes, edges: all } = model.data;
  byId('drawn').textContent =
    `${selection.places.length} of ${nodes.length} nodes, ${edges} of ${all.length} edges`;
  byId('drawn').title = 'Of this file, with the nodes and edges of leaks and biases';
  Object.assign(byId('drawn').dataset, { nodes: selection.places.length, edges });
  redraw('base');
}

const actions = {
  select(place) {
    Object.assign(marks, { selected: place, cursor: place, path: [] });
    listed = null;
    showNode(byId('panel'), model, place, actions);
    byId('panel').scrollTop = 0;
    byId('live').textContent = summary(model, place);
    if (selection.columnOf[place % model.n] >= 0) show(place);
    const { token } = describe(model, place);
    tell('select', token);
    redraw('overlay');
  },
  follow(place) {
    marks.path = strongestPath(model, selection, place);
    const names = marks.path.map((step) => nameOf(model, step));
    const end = marks.path.at(-1) < model.n ? 'to the embedding' : 'then pruned';
    byId('live').textContent = `Strongest path: ${names.join(', ')}, ${end}`;
    redraw('overlay');
  },
  close() {
    Object.assign(marks, { selected: -1, path: [] });
    showOverview(byId('panel'), model, selection, actions);
    listed = selection;
    overlay.focus();
    redraw('overlay');
  },
};

/** For views beside this one; a leak or bias belongs to no token. */
function tell(what, token) {
  window.dispatchEvent(new CustomEvent(`tokenblame:${what}`, { detail: { token } }));
}

function show(place) {
  reveal(model, selection, view, place);
  redraw('base');
}

/** A slider's position as a threshold: 0 is none, the rest is logarithmic. */
function threshold(input, { least, most }) {
  const share = input.valueAsNumber / 100;
  return share ? least * (most / least) ** share : 0;
}

/** Takes a slider's threshold and says what it is. */
function readSlider({ id, name, span }) {
  const score = Math.abs(model.data.logit_diff);
  const value = (settings[name] = threshold(byId(id), model[span]));
  const share = score ? ` (${((100 * value) / score).toPrecision(2)} %)` : '';
  byId(`${id}-above`).textContent = value ? value.toPrecision(2) + share : 'all';
}

function bindSettings() {
  for (const slider of sliders) {
    byId(slider.id).addEventListener('input', () => {
      readSlider(slider);
      update();
    });
  }
  for (const name of ['template', 'empty', 'pruned']) {
    byId(name).addEventListener('input', () => {
      settings[name] = byId(name).checked;
      update();
    });
  }
  byId('controls').addEventListener('submit', (event) => event.preventDefault());
}

function bindSearch() {
  byId('find').addEventListener('input', () => {
    Object.assign(search, { found: findTokens(model, byId('find').value), at: -1 });
    marks.tokens = search.found;
    const hidden = search.found.filter((token) => selection.columnOf[token] < 0).length;
    const count = `${search.found.length}${hidden ? `, ${hidden} hidden` : ''}`;
    byId('found').textContent = byId('find').value ? count : '';
    redraw('overlay');
  });
  byId('find').addEventListener('keydown', (event) => {
    const shown = search.found.filter((token) => selection.columnOf[token] >= 0);
    if (event.key !== 'Enter' || !shown.length) return;
    search.at = (search.at + (event.shiftKey ? shown.length - 1 : 1)) % shown.length;
    const token = shown[Math.max(0, search.at)];
    const places = selection.rows.flat().filter((place) => describe(model, place).token === token);
    if (!places.length) return show(token);
    const size = (place) => Math.abs(describe(model, place).relevance);
    actions.select(places.reduce((a, b) => (size(b) > size(a) ? b : a)));
  });
}

function recolor() {
  theme = readTheme();
  redraw('base');
}

function bindWindow() {
  new ResizeObserver(([entry]) => {
    const { width, height } = entry.contentRect;
    reshape(view, { width, height });
    redraw('base');
  }).observe(byId('map'));
  window.addEventListener('resize', () => redraw('base')); // another screen: other pixels
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recolor);
  window.addEventListener('tokenblame:theme', recolor);
  window.addEventListener('tokenblame:highlight', ({ detail }) => {
    const token = detail?.token ?? -1;
    marks.tokens = token >= 0 ? [token] : search.found;
    if (selection.columnOf[token] >= 0) show(token);
    redraw('overlay');
  });
}

function describeGraph() {
  const { task_id: task, model: name, method, pair, retokenized } = model.data;
  document.title = `${task} · attribution graph · Token Blame`;
  byId('title').textContent = `Why “${visible(pair.target.text)}”? ${task}, ${name}, ${method}`;
  const proof = pair.origin === 'verified' ? ' (proved by the tests)' : ` (${pair.origin})`;
  const anew = retokenized ? ' The text was tokenised anew.' : '';
  byId('subtitle').textContent =
    `At token ${pair.position} the model wrote “${visible(pair.target.text)}” ` +
    `instead of “${visible(pair.contrast.text)}”${proof}.${anew}`;
  byId('plus').textContent = sideOf(model, 1);
  byId('minus').textContent = sideOf(model, -1);
}

/** Shows a graph, in the place of the one that is shown; the sliders stay where they are. */
function openGraph(data) {
  const first = model === null;
  theme = readTheme();
  model = makeModel(data);
  Object.assign(marks, { hover: -1, cursor: -1, selected: -1, path: [], tokens: [] });
  Object.assign(search, { found: [], at: -1 });
  byId('find').value = byId('found').textContent = '';
  sliders.forEach(readSlider);
  view.columns = 0; // whatever was zoomed was of another graph
  describeGraph();
  update();
  if (!first) return;
  bindSettings();
  bindSearch();
  bindPointer();
  bindKeys();
  bindWindow();
}

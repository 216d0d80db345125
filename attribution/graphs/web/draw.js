/*
 * Draws the map: edges and nodes by buckets of sign and strength, each one path, so that 15 000
 * nodes and 20 000 edges are a few dozen strokes and fills. Sign shows in shape and dashes, too.
 */

const BUCKETS = 8;
const DASH = [5, 4];
const THIN = 0.25; // strength below which an edge is as thin as can be
const UNDASHED = 6000; // edges beyond which dashes cost more than anyone could see of them
const SPECKS = 5; // pixels per column below which a shape cannot be seen

function readTheme() {
  const style = getComputedStyle(document.body);
  const names = ['background', 'text', 'muted', 'line', 'guide', 'raised', 'plus', 'minus'];
  names.push('on-color', 'absorbed', 'accent', 'band');
  return Object.fromEntries(
    names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  );
}

/** Sizes the canvas for the screen's pixels and returns its context, in CSS pixels and empty. */
function prepare(canvas, view) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  return context;
}

/** Edges and nodes: the `budget` strongest edges, and some more nodes than that. */
function drawBase(canvas, scene, budget) {
  const context = prepare(canvas, scene.view);
  clipped(context, scene.view, () => {
    canvas.dataset.edges = drawEdges(context, scene, budget);
    drawPruned(context, scene);
    drawNodes(context, scene, scene.selection.places.slice(-NODES * budget));
  });
}

/** Runs `work` with the drawing confined to plot and margin column. */
function clipped(context, view, work) {
  const { left, top, bottom } = plot(view);
  context.save();
  context.beginPath();
  context.rect(left - 2, top - 12, view.width - left + 2, bottom - top + 14);
  context.clip();
  work();
  context.restore();
}

/** Edges between tokens, and how many; those from leak and bias are for a selected node only. */
function drawEdges(context, { view, model, selection, theme }, budget) {
  const { left, right, top, bottom } = plot(view);
  const { data, weights } = model;
  const paths = new Map();
  let count = 0;
  for (const index of selection.edges.slice(-budget)) {
    const edge = data.edges[index];
    const source = data.nodes[edge.source];
    if (source.kind !== 'token') continue;
    const target = data.nodes[edge.target];
    const x1 = columnX(view, selection.columnOf[source.token]);
    const x2 = columnX(view, selection.columnOf[target.token]);
    const y1 = rowY(view, source.stage);
    const y2 = rowY(view, target.stage);
    if (Math.max(x1, x2) < left || Math.min(x1, x2) > right) continue;
    if (Math.min(y1, y2) > bottom || Math.max(y1, y2) < top) continue;
    const strength = Math.sqrt(Math.abs(edge.weight) / weights.most);
    const key = Math.min(BUCKETS - 1, Math.floor(strength * BUCKETS)) * 2 + (edge.weight < 0);
    if (!paths.has(key)) paths.set(key, new Path2D());
    const path = paths.get(key);
    path.moveTo(x1, y1);
    path.lineTo(x2, y2);
    count += 1;
  }
  const dashed = selection.edges.length <= UNDASHED;
  const clip = new Path2D();
  clip.rect(left - 2, top - 12, right - left + 4, bottom - top + 14);
  context.save();
  context.clip(clip);
  for (const key of [...paths.keys()].sort((a, b) => a - b)) {
    const strength = ((key >> 1) + 0.5) / BUCKETS;
    context.strokeStyle = key & 1 ? theme.minus : theme.plus;
    context.setLineDash(key & 1 && dashed ? DASH : []);
    context.globalAlpha = 0.12 + 0.75 * strength;
    context.lineWidth = edgeWidth(strength);
    context.stroke(paths.get(key));
  }
  context.restore();
  return count;
}

/** Weak edges, most of them by far, are one screen pixel wide: those draw several times faster. */
function edgeWidth(strength) {
  return strength < THIN ? 1 / (window.devicePixelRatio || 1) : 1 + 5.5 * (strength - THIN);
}

/** States that were pruned: dots without edges. */
function drawPruned(context, { view, model, selection, theme }) {
  context.fillStyle = theme.muted;
  context.globalAlpha = 0.5;
  for (const place of selection.pruned) {
    const { x, y } = centre(model, selection, view, place);
    if (inside(view, { x, y }, 'token')) context.fillRect(x - 1, y - 1, 2, 2);
  }
  context.globalAlpha = 1;
}

function radius({ view, model }, relevance) {
  const most = Math.min(13, Math.max(2.5, 0.46 * Math.min(view.sx, view.sy)));
  return Math.max(1.5, most * Math.min(1, Math.sqrt(Math.abs(relevance) / model.sizes.most)));
}

function shape(path, kind, relevance, { x, y }, r) {
  if (kind !== 'token') {
    path.rect(x - r, y - r, 2 * r, 2 * r);
  } else if (relevance < 0) {
    const d = r * 1.25;
    path.moveTo(x, y - d);
    path.lineTo(x + d, y);
    path.lineTo(x, y + d);
    path.lineTo(x - d, y);
    path.closePath();
  } else {
    path.moveTo(x + r, y);
    path.arc(x, y, r, 0, 2 * Math.PI);
  }
}

function drawNodes(context, scene, places) {
  const { view, model, selection, theme } = scene;
  const fills = new Map();
  const specks = Math.min(view.sx, view.sy) < SPECKS;
  const signs = new Path2D();
  const small = { plus: [], minus: [] };
  for (const place of places) {
    const { kind, relevance } = describe(model, place);
    const at = centre(model, selection, view, place);
    if (!inside(view, at, kind)) continue;
    const r = radius(scene, relevance);
    const strength = Math.min(1, Math.sqrt(Math.abs(relevance) / model.sizes.most));
    const bucket = Math.min(BUCKETS - 1, Math.floor(strength * BUCKETS));
    const key = bucket * 2 + (relevance < 0);
    if (specks && places.length > UNDASHED) {
      small[key & 1 ? 'minus' : 'plus'].push([at.x - r, at.y - r, 2 * r, 2 * r]);
      continue;
    }
    if (!fills.has(key)) fills.set(key, new Path2D());
    shape(fills.get(key), kind, relevance, at, r);
    if (r >= 5) addSign(signs, at, r, relevance);
  }
  for (const [side, squares] of Object.entries(small)) {
    context.fillStyle = theme[side];
    for (const square of squares) context.fillRect(...square);
  }
  for (const [key, path] of fills) {
    const color = key & 1 ? theme.minus : theme.plus;
    // An opaque ground first: edges must not shine through a pale node.
    context.fillStyle = theme.background;
    context.fill(path);
    context.globalAlpha = 0.35 + (0.65 * ((key >> 1) + 1)) / BUCKETS;
    context.fillStyle = color;
    context.fill(path);
    context.globalAlpha = 1;
    context.strokeStyle = color;
    context.lineWidth = 1;
    context.stroke(path);
  }
  context.strokeStyle = theme['on-color'];
  context.lineWidth = 1.5;
  context.stroke(signs);
}

function addSign(path, { x, y }, r, relevance) {
  const half = Math.min(4, r * 0.5);
  path.moveTo(x - half, y);
  path.lineTo(x + half, y);
  if (relevance < 0) return;
  path.moveTo(x, y - half);
  path.lineTo(x, y + half);
}

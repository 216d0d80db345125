// Made from editor-client/graph by `npm run build`; do not edit.

// graph/model/at.ts
var at = (list, index) => list[index];

// graph/model/model.ts
function makeModel(data) {
  const tokenCount = data.tokens.length;
  const tokenPlaceCount = data.stages.length * tokenCount;
  const nodeAt = new Int32Array(tokenPlaceCount).fill(-1);
  const placeOf = data.nodes.map((node, index2) => {
    if (node.kind !== "token") return tokenPlaceCount + index2;
    nodeAt[node.stage * tokenCount + node.token] = index2;
    return node.stage * tokenCount + node.token;
  });
  const incoming = data.nodes.map(() => []);
  const outgoing = data.nodes.map(() => []);
  const edgesByStrength = data.edges.map((_, index2) => index2).sort((a, b) => Math.abs(at(data.edges, b).weight) - Math.abs(at(data.edges, a).weight));
  for (const index2 of edgesByStrength) {
    at(incoming, at(data.edges, index2).target).push(index2);
    at(outgoing, at(data.edges, index2).source).push(index2);
  }
  const nodesByStrength = placeOf.map((_, node) => node).sort((a, b) => Math.abs(at(data.nodes, b).relevance) - Math.abs(at(data.nodes, a).relevance));
  const details = new Map(data.details.map((detail) => [detail.node, detail]));
  const tokensWithNode = new Set(data.nodes.map((node) => node.token));
  const kinds = new Set(data.nodes.map((node) => node.kind));
  const index = {
    nodeAt,
    placeOf,
    incoming,
    outgoing,
    edgesByStrength,
    nodesByStrength,
    details,
    tokensWithNode,
    kinds
  };
  return { data, tokenCount, tokenPlaceCount, ...index, ...scales(data) };
}
function scales(data) {
  const sizes = data.nodes.filter((node) => node.kind === "token" && at(data.tokens, node.token).role !== "template").map((node) => Math.abs(node.relevance));
  const weights = data.edges.map((edge) => Math.abs(edge.weight));
  return { sizes: scaleOf(sizes), weights: scaleOf(weights) };
}
function scaleOf(values) {
  const least = values.reduce((a, b) => b > 0 && b < a ? b : a, Infinity);
  const most = values.reduce((a, b) => Math.max(a, b), 0) || 1;
  return { most, least: Math.max(least, most / 1e5) };
}
function describe(model, place) {
  if (place >= model.tokenPlaceCount) {
    const node = place - model.tokenPlaceCount;
    return { ...at(model.data.nodes, node), node };
  }
  const stage = Math.floor(place / model.tokenCount);
  const token = place % model.tokenCount;
  const relevance = at(at(model.data.relevance, stage), token);
  return { kind: "token", stage, token, relevance, node: at(model.nodeAt, place) };
}
function findTokens(model, text) {
  const wanted = text.toLowerCase();
  if (!wanted) return [];
  const { tokens } = model.data;
  return tokens.filter((token) => token.text.toLowerCase().includes(wanted)).map((token) => token.index);
}

// graph/canvas/view.ts
var MARGIN = { left: 58, right: 104, top: 62, bottom: 96 };
var WIDEST = 150;
var TALLEST = 64;
var LARGEST = 150;
function makeView() {
  return {
    width: 0,
    height: 0,
    columns: 1,
    rows: 1,
    columnWidth: 1,
    rowHeight: 1,
    scrollX: 0,
    scrollY: 0,
    zoomed: false
  };
}
function plot(view2) {
  return {
    left: MARGIN.left,
    right: view2.width - MARGIN.right,
    top: MARGIN.top,
    bottom: view2.height - MARGIN.bottom
  };
}
function fitted(view2) {
  const { left, right, top, bottom } = plot(view2);
  return {
    columnWidth: Math.min(WIDEST, Math.max(1, right - left) / view2.columns),
    rowHeight: Math.min(TALLEST, Math.max(1, bottom - top) / view2.rows)
  };
}
function fit(view2) {
  Object.assign(view2, fitted(view2), { zoomed: false });
  clamp(view2);
}
function reshape(view2, change2) {
  const moved = change2.columns !== void 0 && change2.columns !== view2.columns;
  Object.assign(view2, change2);
  if (moved || !view2.zoomed) fit(view2);
  else zoom(view2, 1, 1, plot(view2).left, plot(view2).top);
}
function zoom(view2, factorX, factorY, x, y) {
  const least = fitted(view2);
  const { left, bottom } = plot(view2);
  const column = (x - left + view2.scrollX) / view2.columnWidth;
  const row = (bottom - y + view2.scrollY) / view2.rowHeight;
  view2.columnWidth = Math.min(
    Math.max(view2.columnWidth * factorX, least.columnWidth),
    Math.max(LARGEST, least.columnWidth)
  );
  view2.rowHeight = Math.min(
    Math.max(view2.rowHeight * factorY, least.rowHeight),
    Math.max(LARGEST, least.rowHeight)
  );
  view2.zoomed = view2.columnWidth > least.columnWidth || view2.rowHeight > least.rowHeight;
  view2.scrollX = column * view2.columnWidth - (x - left);
  view2.scrollY = row * view2.rowHeight - (bottom - y);
  clamp(view2);
}
function pan(view2, dx, dy) {
  view2.scrollX -= dx;
  view2.scrollY += dy;
  clamp(view2);
}
function clamp(view2) {
  const { left, right, top, bottom } = plot(view2);
  const spareX = view2.columns * view2.columnWidth - (right - left);
  const spareY = view2.rows * view2.rowHeight - (bottom - top);
  view2.scrollX = spareX <= 0 ? spareX : Math.min(Math.max(view2.scrollX, 0), spareX);
  view2.scrollY = spareY <= 0 ? 0 : Math.min(Math.max(view2.scrollY, 0), spareY);
}
function columnX(view2, column) {
  return MARGIN.left + (column + 0.5) * view2.columnWidth - view2.scrollX;
}
function rowY(view2, row) {
  return view2.height - MARGIN.bottom - (row + 0.5) * view2.rowHeight + view2.scrollY;
}
function absorbedX(view2, kind) {
  return view2.width - MARGIN.right + (kind === "leak" ? 34 : 78);
}
function centre(model, selection, view2, place) {
  const { kind, stage } = describe(model, place);
  const x = kind === "token" ? columnX(view2, at(selection.columnOf, place % model.tokenCount)) : absorbedX(view2, kind);
  return { x, y: rowY(view2, stage) };
}
function inside(view2, { x, y }, kind) {
  const { left, right, top, bottom } = plot(view2);
  return y >= top - 1 && y <= bottom + 1 && (kind !== "token" || x >= left - 1 && x <= right + 1);
}
function placeAt(model, selection, view2, { x, y }) {
  const row = Math.round((view2.height - MARGIN.bottom - y + view2.scrollY) / view2.rowHeight - 0.5);
  const reach = Math.max(9, Math.min(view2.columnWidth, view2.rowHeight) / 2);
  let best = -1;
  let least = reach;
  const near = Math.ceil(reach / view2.rowHeight);
  for (let stage = row - near; stage <= row + near; stage += 1) {
    for (const place of candidates(model, selection, view2, { x, stage, reach })) {
      const point2 = centre(model, selection, view2, place);
      const distance = Math.hypot(point2.x - x, point2.y - y);
      if (distance < least && inside(view2, point2, describe(model, place).kind)) {
        [best, least] = [place, distance];
      }
    }
  }
  return best;
}
function candidates(model, selection, view2, { x, stage, reach }) {
  if (stage < 0 || stage >= selection.rows.length) return [];
  const columnAt2 = (offset) => Math.floor((x + offset - MARGIN.left + view2.scrollX) / view2.columnWidth);
  const places = [];
  for (let column = Math.max(0, columnAt2(-reach)); column <= columnAt2(reach); column += 1) {
    if (column >= selection.columns.length) break;
    const place = stage * model.tokenCount + at(selection.columns, column);
    if (at(selection.drawn, place)) places.push(place);
  }
  return places.concat(at(selection.rows, stage).filter((place) => place >= model.tokenPlaceCount));
}
function reveal(model, selection, view2, place) {
  const point2 = centre(model, selection, view2, place);
  const { left, right, top, bottom } = plot(view2);
  const room = (low, high) => Math.min(40, (high - low) / 3);
  const shift = (value, low, high) => value < low + room(low, high) ? low + room(low, high) - value : Math.min(0, high - room(low, high) - value);
  const dx = place < model.tokenPlaceCount ? shift(point2.x, left, right) : 0;
  pan(view2, dx, shift(point2.y, top, bottom));
}

// graph/canvas/scene.ts
var COLORS = [
  "background",
  "text",
  "muted",
  "line",
  "guide",
  "raised",
  "plus",
  "minus",
  "on-color",
  "absorbed",
  "accent",
  "band"
];
function readTheme() {
  const style = getComputedStyle(document.body);
  return Object.fromEntries(
    COLORS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])
  );
}
function prepare(canvas2, view2) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(view2.width * ratio), Math.round(view2.height * ratio)];
  if (canvas2.width !== width || canvas2.height !== height) Object.assign(canvas2, { width, height });
  const context = canvas2.getContext("2d");
  if (!context) throw new Error("This browser draws no canvas.");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, view2.width, view2.height);
  return context;
}
function clipped(context, view2, work) {
  const { left, top, bottom } = plot(view2);
  context.save();
  context.beginPath();
  context.rect(left - 2, top - 12, view2.width - left + 2, bottom - top + 14);
  context.clip();
  work();
  context.restore();
}

// graph/model/text.ts
var MINUS = "−";
function visible(text, longest = 40) {
  const shown = text.replaceAll(" ", "·").replaceAll("\n", "↵").replaceAll("	", "⇥").replace(
    /\p{Cc}/gu,
    (character) => character < " " ? String.fromCharCode(9216 + character.charCodeAt(0)) : character
  ).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "�");
  const characters = Array.from(shown);
  if (characters.length > longest) return `${characters.slice(0, longest - 1).join("")}…`;
  return shown || "∅";
}
function stageTitle(name) {
  if (name === "embedding") return "embedding";
  const [layer, part] = name.split(".");
  return `layer ${String(layer)}, after the ${part === "mlp" ? "MLP" : String(part)}`;
}
function signed(value) {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  const text = size && size < 5e-4 ? size.toExponential(1) : size.toFixed(digits);
  return (value < 0 ? MINUS : "+") + text.replace("e-", `e${MINUS}`);
}
var percent = (share) => `${(100 * share).toFixed(1)} %`.replace("-", MINUS);

// graph/model/names.ts
function nameOf(model, place) {
  const { kind, token } = describe(model, place);
  if (kind === "leak") return "softmax leak";
  if (kind === "bias") return "biases";
  return visible(at(model.data.tokens, token).text);
}
function sideOf(model, relevance) {
  if (relevance >= 0) return "supports what was written";
  return model.data.objective === "contrast" ? "supports the contrast" : "speaks against it";
}
function summary(model, place) {
  const { kind, stage, token, relevance, node } = describe(model, place);
  const where = stageTitle(at(model.data.stages, stage));
  const which = kind === "token" ? `, token ${token}, ${where}` : ` above ${where}`;
  const side = sideOf(model, relevance) + (node < 0 ? ", pruned" : "");
  return `${nameOf(model, place)}${which}: ${signed(relevance)}, ${side}`;
}

// graph/model/selection.ts
function select(model, settings2) {
  const { data } = model;
  const columns = shownTokens(model, settings2);
  const columnOf = new Int32Array(model.tokenCount).fill(-1);
  columns.forEach((token, column) => {
    columnOf[token] = column;
  });
  const last = at(model.nodeAt, model.tokenPlaceCount - 1);
  const shown = data.nodes.map((node, index) => {
    if (node.kind === "token" && at(columnOf, node.token) < 0) return false;
    return index === last || Math.abs(node.relevance) >= settings2.nodesAbove;
  });
  const edges = model.edgesByStrength.filter((index) => {
    const { weight, source, target } = at(data.edges, index);
    return Math.abs(weight) >= settings2.edgesAbove && at(shown, source) && at(shown, target);
  }).reverse();
  const places = model.nodesByStrength.filter((node) => at(shown, node)).map((node) => at(model.placeOf, node));
  const rows = data.stages.map(() => []);
  data.nodes.forEach((node, index) => {
    if (at(shown, index)) at(rows, node.stage).push(at(model.placeOf, index));
  });
  const pruned = settings2.pruned ? prunedPlaces(model, columns, settings2.nodesAbove) : [];
  const drawn = new Uint8Array(model.tokenPlaceCount + data.nodes.length);
  for (const place of [...rows.flat(), ...pruned]) drawn[place] = 1;
  return { columns, columnOf, rows, places: places.reverse(), edges, pruned, drawn };
}
function shownTokens(model, settings2) {
  const { tokens } = model.data;
  return tokens.map((token) => token.index).filter(
    (token) => token === model.tokenCount - 1 || (settings2.empty || model.tokensWithNode.has(token)) && (settings2.template || at(tokens, token).role !== "template")
  );
}
function prunedPlaces(model, columns, least) {
  return model.data.relevance.flatMap(
    (row, stage) => columns.filter((token) => at(row, token) !== 0 && Math.abs(at(row, token)) >= least).map((token) => stage * model.tokenCount + token).filter((place) => at(model.nodeAt, place) < 0)
  );
}
function strongestPath(model, selection, place) {
  const path = [place];
  let { node } = describe(model, place);
  while (node >= 0) {
    const step = at(model.incoming, node).find((index) => {
      const source = at(model.data.nodes, at(model.data.edges, index).source);
      return source.kind === "token" && at(selection.columnOf, source.token) >= 0;
    });
    node = step === void 0 ? -1 : at(model.data.edges, step).source;
    if (node >= 0) path.push(at(model.placeOf, node));
  }
  return path;
}
function columnAt(model, selection, place) {
  if (place < model.tokenPlaceCount) return at(selection.columnOf, place % model.tokenCount);
  return selection.columns.length + (describe(model, place).kind === "leak" ? 0 : 1);
}
function neighbour(model, selection, place, dx, dy) {
  const { stage } = describe(model, place);
  const column = columnAt(model, selection, place);
  const distance = (other) => Math.abs(columnAt(model, selection, other) - column);
  const nearest = (row) => row.reduce((a, b) => distance(b) < distance(a) ? b : a);
  if (dx) {
    const beside = at(selection.rows, stage).filter(
      (other) => (columnAt(model, selection, other) - column) * dx > 0
    );
    return beside.length ? nearest(beside) : place;
  }
  for (let row = stage + dy; row >= 0 && row < selection.rows.length; row += dy) {
    if (at(selection.rows, row).length) return nearest(at(selection.rows, row));
  }
  return place;
}

// graph/page/elements.ts
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}
function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element #${id}.`);
  return element;
}
function input(id) {
  return byId(id);
}
function canvas(id) {
  return byId(id);
}

// graph/page/panel.ts
var LISTED = 15;
function number(value) {
  const sign = value < 0 ? "minus" : "plus";
  return make("td", { className: `number ${sign}` }, signed(value));
}
function table(titles, rows) {
  const cells = titles.map((text) => make("th", { scope: "col" }, text));
  return make(
    "table",
    {},
    make("thead", {}, make("tr", {}, ...cells)),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row)))
  );
}
var cell = (...children) => make("td", {}, ...children);
function nodeButton(model, place, actions2) {
  const button = make("button", { type: "button", className: "node" });
  button.append(make("code", {}, nameOf(model, place)));
  if (place < model.tokenPlaceCount)
    button.append(make("span", { className: "quiet" }, ` ${place % model.tokenCount}`));
  button.addEventListener("click", () => {
    actions2.select(place);
  });
  return button;
}
function showNode(panel, model, place, actions2) {
  const { kind, stage, token, relevance, node } = describe(model, place);
  const { data } = model;
  const score = data.logit_diff;
  const share = score ? `, ${percent(relevance / score)} of Δℓ` : "";
  const role = kind === "token" ? `token ${token}, ${at(data.tokens, token).role}, ` : "above ";
  const close = make("button", { type: "button" }, "Close");
  close.addEventListener("click", actions2.close);
  const follow = make("button", { type: "button", id: "follow" }, "Follow the strongest path");
  follow.addEventListener("click", () => {
    actions2.follow(place);
  });
  panel.replaceChildren(
    make("h2", {}, make("code", {}, nameOf(model, place))),
    make("p", { className: "quiet" }, role + stageTitle(at(data.stages, stage))),
    make(
      "p",
      { className: relevance < 0 ? "minus" : "plus" },
      `${signed(relevance)}: ${sideOf(model, relevance)}${share}`
    ),
    make("p", {}, kind === "token" && node >= 0 && stage > 0 ? follow : "", " ", close),
    ...node < 0 ? [make("p", {}, "This node was pruned; its edges are not in this file.")] : nodeTables(model, node, actions2)
  );
}
function nodeTables(model, node, actions2) {
  const token = at(model.data.nodes, node).kind === "token";
  const pruned = token ? prunedWeight(model, node) : 0;
  const [below, above] = [at(model.incoming, node), at(model.outgoing, node)];
  const parts = [
    ...edgeTable(
      model,
      { title: "Draws on (one stage below)", edges: below, end: "source", pruned },
      actions2
    ),
    ...edgeTable(
      model,
      { title: "Feeds (one stage above)", edges: above, end: "target", pruned: 0 },
      actions2
    )
  ];
  const detail = model.details.get(node);
  if (detail) {
    parts.push(...ranking("Hidden dimensions", detail.dimensions));
    const through = `MLP neurons (${signed(detail.mlp)} in all)`;
    parts.push(...ranking(through, detail.neurons));
  }
  return parts;
}
function edgeTable(model, { title, edges, end, pruned }, actions2) {
  if (!edges.length && !pruned) return [];
  const rows = edges.slice(0, LISTED).map((index) => {
    const edge = at(model.data.edges, index);
    const other = nodeButton(model, at(model.placeOf, edge[end]), actions2);
    return [cell(other, heads(edge)), number(edge.weight)];
  });
  const more = edges.length - rows.length;
  if (more > 0) {
    rows.push([cell(`${more} weaker`), number(weightOf(model, edges.slice(LISTED)))]);
  }
  if (pruned) rows.push([cell("edges that were pruned"), number(pruned)]);
  return [make("h3", {}, title), table(["node", "weight"], rows)];
}
var weightOf = (model, edges) => edges.reduce((sum, index) => sum + at(model.data.edges, index).weight, 0);
function prunedWeight(model, node) {
  const { stage, relevance } = at(model.data.nodes, node);
  const lost = relevance - weightOf(model, at(model.incoming, node));
  return stage > 0 && Math.abs(lost) > 1e-6 * Math.abs(relevance) ? lost : 0;
}
function heads(edge) {
  if (!edge.heads.length && !edge.direct) return null;
  const rows = edge.heads.map((head) => [
    cell(`${head.layer}.${head.head}`),
    number(head.value),
    number(head.key),
    number(head.query)
  ]);
  const count = edge.heads.length;
  const title = count ? `${count} head${count > 1 ? "s" : ""} to open` : "way";
  return make(
    "details",
    {},
    make("summary", {}, title),
    edge.direct ? make("p", {}, `past the attention: ${signed(edge.direct)}`) : null,
    count ? table(["head", "value", "key", "query"], rows) : null
  );
}
function ranking(title, entries) {
  if (!entries.length) return [];
  const rows = entries.map(([index, relevance]) => [cell(String(index)), number(relevance)]);
  return [make("h3", {}, title), table(["index", "relevance"], rows)];
}

// graph/page/overview.ts
var RANKED = 40;
function showOverview(panel, model, selection, actions2) {
  const { data } = model;
  const quiet = { className: "quiet" };
  panel.replaceChildren(
    make("h2", {}, "The whole graph"),
    make("p", {}, ...scoreWords(data)),
    make("p", quiet, ...keptWords(data)),
    make(
      "p",
      quiet,
      "Click a node, or move with the arrow keys and press Enter. ",
      "P follows the strongest path, Escape closes. Wheel: zoom; drag: pan."
    ),
    make("h3", {}, "Strongest tokens drawn"),
    table(["token", "strongest", "relevance"], strongestNodes(model, selection, actions2)),
    make("h3", {}, "Shape of each transition"),
    table(
      ["to", "connected", "Gini", "vertical", "look-back"],
      data.measures.map((measure) => measureRow(data, measure))
    )
  );
}
function scoreWords({ logit_diff: score, completeness }) {
  const { sum, absorbed } = completeness;
  const tokens = `Δℓ = ${signed(score)}: tokens ${signed(sum)}, softmax leak and biases `;
  return [tokens, signed(absorbed)];
}
function keptWords(data) {
  const { pruning } = data;
  return [
    `Kept: ${pruning.policy}. ${pruning.nodes} of ${pruning.all_nodes} token nodes have `,
    `${percent(pruning.kept_relevance)} of all |relevance|; ${pruning.edges} of `,
    `${pruning.all_edges} edges into strong ones have ${percent(pruning.kept_mass)} of their mass. `,
    besideTokens(data)
  ];
}
function measureRow(data, measure) {
  const figures = [percent(measure.connectivity), measure.gini.toFixed(2)];
  figures.push(percent(measure.verticality), measure.look_back.toFixed(1));
  return [at(data.stages, measure.target), ...figures].map((text) => cell(text));
}
function strongestNodes(model, selection, actions2) {
  const size = (place) => Math.abs(describe(model, place).relevance);
  const groups = /* @__PURE__ */ new Map();
  for (const place of selection.rows.flat().sort((a, b) => size(b) - size(a))) {
    const { kind, token } = describe(model, place);
    const name = kind === "token" ? token : kind;
    groups.set(name, [...groups.get(name) ?? [], place]);
  }
  return [...groups.values()].slice(0, RANKED).map((places) => {
    const [place, others] = [at(places, 0), places.slice(1)];
    const { stage, relevance } = describe(model, place);
    const plural = others.length > 1 ? "s" : "";
    const more = others.length ? `, and at ${others.length} more stage${plural}` : "";
    return [
      cell(nodeButton(model, place, actions2)),
      cell(stageTitle(at(model.data.stages, stage)), make("span", { className: "quiet" }, more)),
      number(relevance)
    ];
  });
}
function besideTokens({ nodes, edges, pruning }) {
  const more = nodes.length - pruning.nodes;
  if (!more) return "";
  return `With ${more} nodes for softmax leaks and biases and their ${edges.length - pruning.edges} edges the file has ${nodes.length} nodes and ${edges.length} edges.`;
}

// graph/canvas/nodes.ts
var BUCKETS = 8;
var UNDASHED = 6e3;
var SPECKS = 5;
function radius({ view: view2, model }, relevance) {
  const most = Math.min(13, Math.max(2.5, 0.46 * Math.min(view2.columnWidth, view2.rowHeight)));
  return Math.max(1.5, most * Math.min(1, Math.sqrt(Math.abs(relevance) / model.sizes.most)));
}
function bucketKey(strength, value) {
  return Math.min(BUCKETS - 1, Math.floor(strength * BUCKETS)) * 2 + (value < 0 ? 1 : 0);
}
function shape(path, kind, relevance, { x, y }, r) {
  if (kind !== "token") {
    path.rect(x - r, y - r, 2 * r, 2 * r);
  } else if (relevance < 0) {
    const halfDiagonal = r * 1.25;
    path.moveTo(x, y - halfDiagonal);
    path.lineTo(x + halfDiagonal, y);
    path.lineTo(x, y + halfDiagonal);
    path.lineTo(x - halfDiagonal, y);
    path.closePath();
  } else {
    path.moveTo(x + r, y);
    path.arc(x, y, r, 0, 2 * Math.PI);
  }
}
function drawNodes(context, scene2, places) {
  const { view: view2, model, selection, theme } = scene2;
  const fills = /* @__PURE__ */ new Map();
  const asSpecks = Math.min(view2.columnWidth, view2.rowHeight) < SPECKS && places.length > UNDASHED;
  const signs = new Path2D();
  const specks = { plus: [], minus: [] };
  for (const place of places) {
    const { kind, relevance } = describe(model, place);
    const point2 = centre(model, selection, view2, place);
    if (!inside(view2, point2, kind)) continue;
    const r = radius(scene2, relevance);
    if (asSpecks) {
      specks[relevance < 0 ? "minus" : "plus"].push([point2.x - r, point2.y - r, 2 * r, 2 * r]);
      continue;
    }
    const key = bucketKey(
      Math.min(1, Math.sqrt(Math.abs(relevance) / model.sizes.most)),
      relevance
    );
    const path = fills.get(key) ?? new Path2D();
    fills.set(key, path);
    shape(path, kind, relevance, point2, r);
    if (r >= 5) addSign(signs, point2, r, relevance);
  }
  for (const side of ["plus", "minus"]) {
    context.fillStyle = theme[side];
    for (const square of specks[side]) context.fillRect(...square);
  }
  for (const [key, path] of fills) fillNodes(context, scene2, key, path);
  context.strokeStyle = theme["on-color"];
  context.lineWidth = 1.5;
  context.stroke(signs);
}
function fillNodes(context, { theme }, key, path) {
  const color = key & 1 ? theme.minus : theme.plus;
  context.fillStyle = theme.background;
  context.fill(path);
  context.globalAlpha = 0.35 + 0.65 * ((key >> 1) + 1) / BUCKETS;
  context.fillStyle = color;
  context.fill(path);
  context.globalAlpha = 1;
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.stroke(path);
}
function addSign(path, { x, y }, r, relevance) {
  const half = Math.min(4, r * 0.5);
  path.moveTo(x - half, y);
  path.lineTo(x + half, y);
  if (relevance < 0) return;
  path.moveTo(x, y - half);
  path.lineTo(x, y + half);
}

// graph/canvas/pace.ts
var MOST_EDGES = 4e3;
var LEAST_EDGES = 250;
var NODES_PER_EDGE = 4;
var FRAME_TIME = 40;
function budgetAfter(edges, milliseconds) {
  const fitting = Math.round(edges * FRAME_TIME / Math.max(1, milliseconds));
  return Math.max(LEAST_EDGES, Math.min(MOST_EDGES, 2 * edges, fitting));
}

// graph/canvas/base.ts
var DASH = [5, 4];
var THIN = 0.25;
function drawBase(canvas2, scene2, budget2) {
  const context = prepare(canvas2, scene2.view);
  clipped(context, scene2.view, () => {
    canvas2.dataset["edges"] = String(drawEdges(context, scene2, budget2));
    drawPruned(context, scene2);
    drawNodes(context, scene2, scene2.selection.places.slice(-NODES_PER_EDGE * budget2));
  });
}
function drawEdges(context, scene2, budget2) {
  const { view: view2, selection, theme } = scene2;
  const { left, right, top, bottom } = plot(view2);
  const { paths, count } = edgePaths(scene2, budget2);
  const dashed = selection.edges.length <= UNDASHED;
  const clip = new Path2D();
  clip.rect(left - 2, top - 12, right - left + 4, bottom - top + 14);
  context.save();
  context.clip(clip);
  for (const [key, path] of [...paths].sort(([a], [b]) => a - b)) {
    const strength = ((key >> 1) + 0.5) / BUCKETS;
    context.strokeStyle = key & 1 ? theme.minus : theme.plus;
    context.setLineDash(key & 1 && dashed ? DASH : []);
    context.globalAlpha = 0.12 + 0.75 * strength;
    context.lineWidth = edgeWidth(strength);
    context.stroke(path);
  }
  context.restore();
  return count;
}
function edgePaths({ view: view2, model, selection }, budget2) {
  const { left, right, top, bottom } = plot(view2);
  const { data, weights } = model;
  const paths = /* @__PURE__ */ new Map();
  let count = 0;
  for (const index of selection.edges.slice(-budget2)) {
    const edge = at(data.edges, index);
    const source = at(data.nodes, edge.source);
    if (source.kind !== "token") continue;
    const target = at(data.nodes, edge.target);
    const x1 = columnX(view2, at(selection.columnOf, source.token));
    const x2 = columnX(view2, at(selection.columnOf, target.token));
    const y1 = rowY(view2, source.stage);
    const y2 = rowY(view2, target.stage);
    if (Math.max(x1, x2) < left || Math.min(x1, x2) > right) continue;
    if (Math.min(y1, y2) > bottom || Math.max(y1, y2) < top) continue;
    const key = bucketKey(Math.sqrt(Math.abs(edge.weight) / weights.most), edge.weight);
    const path = paths.get(key) ?? new Path2D();
    paths.set(key, path);
    path.moveTo(x1, y1);
    path.lineTo(x2, y2);
    count += 1;
  }
  return { paths, count };
}
function edgeWidth(strength) {
  return strength < THIN ? 1 / (window.devicePixelRatio || 1) : 1 + 5.5 * (strength - THIN);
}
function drawPruned(context, { view: view2, model, selection, theme }) {
  context.fillStyle = theme.muted;
  context.globalAlpha = 0.5;
  for (const place of selection.pruned) {
    const { x, y } = centre(model, selection, view2, place);
    if (inside(view2, { x, y }, "token")) context.fillRect(x - 1, y - 1, 2, 2);
  }
  context.globalAlpha = 1;
}

// graph/canvas/frame.ts
var LABEL_GAP = 13;
function drawFrame(canvas2, scene2) {
  const context = prepare(canvas2, scene2.view);
  drawStages(context, scene2);
  drawColumns(context, scene2);
  drawScore(context, scene2);
}
function drawStages(context, { view: view2, model, theme }) {
  const { left, right, top, bottom } = plot(view2);
  const { stages } = model.data;
  const midpoints = stages.some((name) => name.endsWith(".attention"));
  const every = Math.max(1, Math.ceil(12 / view2.rowHeight));
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "right";
  context.textBaseline = "middle";
  stages.forEach((name, stage) => {
    const y = rowY(view2, stage);
    if (y < top - 1 || y > bottom + 1) return;
    context.fillStyle = theme.guide;
    if (view2.rowHeight > 7) context.fillRect(left, y, view2.width - left, 1);
    if (stage % every) return;
    context.fillStyle = theme.muted;
    context.fillText(stageLabel(name, midpoints), left - 8, y);
  });
  context.fillText("layer", left - 8, top - 14);
  context.fillStyle = theme.line;
  context.fillRect(right + 10, top - 8, 1, bottom - top + 12);
  context.fillStyle = theme.muted;
  context.textAlign = "center";
  for (const kind of ["leak", "bias"]) {
    if (model.kinds.has(kind)) context.fillText(kind, absorbedX(view2, kind), top - 14);
  }
}
function stageLabel(name, midpoints) {
  const [layer = "", part] = name.split(".");
  if (part === void 0) return "embed";
  return midpoints ? `${layer} ${part === "attention" ? "attn" : "mlp"}` : layer;
}
function drawColumns(context, scene2) {
  const { view: view2, model, selection, theme } = scene2;
  const { left, right, top, bottom } = plot(view2);
  const { tokens } = model.data;
  context.fillStyle = theme.line;
  selection.columns.forEach((token, column) => {
    const x = Math.round(columnX(view2, column) - view2.columnWidth / 2);
    const before = at(selection.columns, column - 1);
    if (column === 0 || x < left || x > right) return;
    if (at(tokens, token).role === "output" && at(tokens, before).role !== "output") {
      context.fillRect(x, top - 8, 2, bottom - top + 12);
      context.font = "11px system-ui, sans-serif";
      context.textBaseline = "middle";
      context.fillStyle = theme.muted;
      context.textAlign = "right";
      context.fillText("prompt", x - 6, top - 14);
      context.textAlign = "left";
      context.fillText("output", x + 6, top - 14);
      context.fillStyle = theme.line;
    } else if (token !== before + 1 && view2.columnWidth > 6) {
      context.fillStyle = theme.muted;
      for (let y = bottom - 2; y < bottom + 10; y += 4) context.fillRect(x, y, 1.5, 1.5);
      context.fillStyle = theme.line;
    }
  });
  for (const column of labelled(scene2)) drawLabel(context, scene2, column, theme.text);
}
function labelled(scene2) {
  const { view: view2, selection } = scene2;
  const { left, right } = plot(view2);
  const inSight = selection.columns.map((_, column) => column).filter((column) => columnX(view2, column) >= left && columnX(view2, column) <= right);
  if (view2.columnWidth >= LABEL_GAP) return inSight;
  const strength = new Map(inSight.map((column) => [column, columnStrength(scene2, column)]));
  const taken = /* @__PURE__ */ new Set();
  const apart = Math.ceil(LABEL_GAP / view2.columnWidth);
  for (const column of inSight.sort((a, b) => (strength.get(b) ?? 0) - (strength.get(a) ?? 0))) {
    const free = [...taken].every((other) => Math.abs(other - column) >= apart);
    if (free) taken.add(column);
  }
  return taken;
}
function columnStrength({ model, selection }, column) {
  const token = at(selection.columns, column);
  return model.data.relevance.reduce((most, row) => Math.max(most, Math.abs(at(row, token))), 0);
}
function drawLabel(context, { view: view2, model, selection, theme }, column, color) {
  const token = at(model.data.tokens, at(selection.columns, column));
  const y = plot(view2).bottom + 12;
  context.save();
  context.translate(columnX(view2, column), y);
  context.rotate(-Math.PI / 3);
  const template = token.role === "template";
  context.font = `${template ? "italic " : ""}11px ui-monospace, monospace`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillStyle = template ? theme.muted : color;
  const text = visible(token.text, 12);
  context.fillText(text, 0, 0);
  const { width } = context.measureText(text);
  context.font = "9px system-ui, sans-serif";
  context.fillStyle = theme.muted;
  context.fillText(String(token.index), -width - 5, 0);
  context.restore();
}
function drawScore(context, scene2) {
  const { view: view2, model, theme } = scene2;
  const [first, second] = scoreLines(model.data);
  context.textBaseline = "middle";
  context.font = "bold 13px system-ui, sans-serif";
  const width = context.measureText(first).width;
  context.font = "12px system-ui, sans-serif";
  const wide = Math.max(width, context.measureText(second).width) + 16;
  const x = view2.width - wide - 8;
  drawStem(context, scene2, x);
  context.fillStyle = theme.raised;
  context.strokeStyle = theme.muted;
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(x, 4.5, wide, 38, 5);
  context.fill();
  context.stroke();
  context.textAlign = "left";
  context.fillStyle = theme.text;
  context.fillText(second, x + 8, 32);
  context.font = "bold 13px system-ui, sans-serif";
  context.fillText(first, x + 8, 16);
}
function drawStem(context, scene2, x) {
  const { view: view2, model, selection, theme } = scene2;
  const score = model.data.logit_diff;
  const top = centre(model, selection, view2, model.tokenPlaceCount - 1);
  if (!inside(view2, top, "token")) return;
  context.strokeStyle = score < 0 ? theme.minus : theme.plus;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(top.x, Math.max(top.y, plot(view2).top) - radius(scene2, score));
  context.lineTo(Math.max(top.x, x + 8), 42);
  context.stroke();
}
function scoreLines({ objective, pair, logit_diff: score }) {
  const wrote = `wrote “${visible(pair.target.text, 16)}”`;
  if (objective !== "contrast") return [`score (${objective}) = ${signed(score)}`, wrote];
  const contrast = `not “${visible(pair.contrast.text, 16)}”`;
  return [`Δℓ = ${signed(score)}`, `${wrote}, ${contrast}`];
}

// graph/canvas/overlay.ts
var STRONGEST = 12;
function drawOverlay(canvas2, scene2, marks2) {
  const { view: view2 } = scene2;
  const context = prepare(canvas2, view2);
  for (const token of marks2.tokens) drawBand(context, scene2, token);
  clipped(context, view2, () => {
    if (marks2.path.length) drawPath(context, scene2, marks2.path);
    else if (marks2.selected >= 0) drawStrongestEdges(context, scene2, marks2.selected);
    for (const [place, color, width] of rings(scene2.theme, marks2)) {
      drawRing(context, scene2, place, color, width);
    }
  });
  const pointed = [marks2.hover, marks2.cursor].find(
    (place) => place >= 0 && place < scene2.model.tokenPlaceCount
  );
  if (pointed !== void 0) drawPointedLabel(context, scene2, pointed);
}
function rings(theme, { hover, cursor, selected }) {
  return [
    [selected, theme.accent, 3],
    [cursor, theme.text, 2],
    [hover, theme.muted, 2]
  ];
}
function drawBand(context, { view: view2, model, selection, theme }, token) {
  const column = token >= 0 && token < model.tokenCount ? at(selection.columnOf, token) : -1;
  if (column < 0) return;
  const { left, right, top, bottom } = plot(view2);
  const wide = Math.min(40, Math.max(4, view2.columnWidth));
  const x = columnX(view2, column) - wide / 2;
  if (x + wide < left || x > right) return;
  context.fillStyle = theme.band;
  context.fillRect(x, top - 8, wide, bottom - top + 16);
}
function drawStrongestEdges(context, scene2, place) {
  const { model } = scene2;
  const { node } = describe(model, place);
  if (node < 0) return;
  const drawn = (index) => {
    const { source, target } = at(model.data.edges, index);
    return [source, target].every((end) => hasPlace(scene2, at(model.placeOf, end)));
  };
  const edges = [at(model.incoming, node), at(model.outgoing, node)].flatMap(
    (all) => all.filter(drawn).slice(0, STRONGEST)
  );
  drawLines(context, scene2, edges);
  const ends = edges.flatMap((index) => [
    at(model.data.edges, index).source,
    at(model.data.edges, index).target
  ]);
  drawNodes(context, scene2, [.../* @__PURE__ */ new Set([place, ...ends.map((end) => at(model.placeOf, end))])]);
}
function hasPlace({ model, selection }, place) {
  return place >= model.tokenPlaceCount || at(selection.columnOf, place % model.tokenCount) >= 0;
}
function drawPath(context, scene2, path) {
  const { model } = scene2;
  const edges = path.slice(1).flatMap((source, step) => {
    const target = describe(model, at(path, step)).node;
    const from = describe(model, source).node;
    const edge = at(model.incoming, target).find(
      (index) => at(model.data.edges, index).source === from
    );
    return edge === void 0 ? [] : [edge];
  });
  context.lineJoin = "round";
  context.strokeStyle = scene2.theme.band;
  context.lineWidth = 12;
  context.beginPath();
  for (const place of path) {
    const { x, y } = centre(model, scene2.selection, scene2.view, place);
    context.lineTo(x, y);
  }
  context.stroke();
  drawLines(context, scene2, edges);
  drawNodes(context, scene2, path);
}
function drawLines(context, { view: view2, model, selection, theme }, edges) {
  for (const index of [...edges].reverse()) {
    const edge = at(model.data.edges, index);
    const from = centre(model, selection, view2, at(model.placeOf, edge.source));
    const to = centre(model, selection, view2, at(model.placeOf, edge.target));
    context.strokeStyle = edge.weight < 0 ? theme.minus : theme.plus;
    context.setLineDash(edge.weight < 0 ? DASH : []);
    context.lineWidth = 1 + 4.5 * Math.sqrt(Math.abs(edge.weight) / model.weights.most);
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  }
  context.setLineDash([]);
}
function drawRing(context, scene2, place, color, width) {
  if (place < 0 || !hasPlace(scene2, place)) return;
  const { model, selection, view: view2 } = scene2;
  const { x, y } = centre(model, selection, view2, place);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.beginPath();
  context.arc(x, y, radius(scene2, describe(model, place).relevance) * 1.25 + 4, 0, 2 * Math.PI);
  context.stroke();
}
function drawPointedLabel(context, scene2, place) {
  const { view: view2, selection, theme } = scene2;
  const column = at(selection.columnOf, place % scene2.model.tokenCount);
  const x = columnX(view2, column);
  const { left, right, bottom } = plot(view2);
  if (column < 0 || x < left || x > right) return;
  context.save();
  context.translate(x, bottom + 12);
  context.rotate(-Math.PI / 3);
  context.fillStyle = theme.background;
  context.fillRect(-100, -8, 104, 16);
  context.restore();
  drawLabel(context, scene2, column, theme.accent);
}

// graph/page/state.ts
var view = makeView();
var settings = {
  nodesAbove: 0,
  edgesAbove: 0,
  template: true,
  empty: false,
  pruned: false
};
var marks = { hover: -1, cursor: -1, selected: -1, path: [], tokens: [] };
var search = { tokens: [], current: -1 };
var opened = null;
var isOpen = () => opened !== null;
function scene() {
  if (!opened) throw new Error("No graph is open.");
  return { view, ...opened };
}
function open(graph) {
  opened = graph;
}
function change(changes) {
  if (opened) opened = { ...opened, ...changes };
}

// graph/page/painting.ts
var REST = 150;
var pending = /* @__PURE__ */ new Set();
var settling;
var budget = MOST_EDGES;
var incomplete = false;
var afterRest = () => void 0;
function whenAtRest(work) {
  afterRest = work;
}
function redraw(layer) {
  if (!pending.size) requestAnimationFrame(paint);
  pending.add(layer);
}
function paint() {
  const wanted = pending;
  pending = /* @__PURE__ */ new Set();
  const base = canvas("base");
  base.classList.toggle("dimmed", marks.selected >= 0 || marks.path.length > 0);
  if (wanted.has("base")) paintBase(base);
  drawOverlay(canvas("overlay"), scene(), marks);
}
function paintBase(base) {
  const shown = scene();
  drawFrame(canvas("frame"), shown);
  const { edges, places } = shown.selection;
  incomplete = edges.length > budget || places.length > NODES_PER_EDGE * budget;
  const start = performance.now();
  drawBase(base, shown, budget);
  requestAnimationFrame(() => {
    budget = budgetAfter(budget, performance.now() - start);
  });
  clearTimeout(settling);
  settling = setTimeout(rest, REST);
}
function rest() {
  if (incomplete) drawBase(canvas("base"), scene(), Infinity);
  afterRest();
}

// graph/page/actions.ts
var listed = null;
function tell(what, token) {
  window.dispatchEvent(new CustomEvent(`tokenblame:${what}`, { detail: { token } }));
}
function show(place) {
  const { model, selection } = scene();
  reveal(model, selection, view, place);
  redraw("base");
}
function listStrongest() {
  const { model, selection } = scene();
  if (listed === selection || marks.selected >= 0) return;
  showOverview(byId("panel"), model, selection, actions);
  listed = selection;
}
function goTo(place) {
  const { model } = scene();
  marks.cursor = place;
  tell("point", describe(model, place).token);
  byId("live").textContent = summary(model, place);
  show(place);
}
var actions = {
  select: (place) => {
    const { model, selection } = scene();
    Object.assign(marks, { selected: place, cursor: place, path: [] });
    listed = null;
    showNode(byId("panel"), model, place, actions);
    byId("panel").scrollTop = 0;
    byId("live").textContent = summary(model, place);
    if (at(selection.columnOf, place % model.tokenCount) >= 0) show(place);
    tell("select", describe(model, place).token);
    redraw("overlay");
  },
  follow: (place) => {
    const { model, selection } = scene();
    marks.path = strongestPath(model, selection, place);
    const names = marks.path.map((step) => nameOf(model, step));
    const end = (marks.path.at(-1) ?? model.tokenCount) < model.tokenCount ? "to the embedding" : "then pruned";
    byId("live").textContent = `Strongest path: ${names.join(", ")}, ${end}`;
    redraw("overlay");
  },
  close: () => {
    Object.assign(marks, { selected: -1, path: [] });
    listed = null;
    listStrongest();
    byId("overlay").focus();
    redraw("overlay");
  }
};

// graph/page/controls.ts
var SLIDERS = [
  { id: "nodes", setting: "nodesAbove", scale: "sizes" },
  { id: "edges", setting: "edgesAbove", scale: "weights" }
];
var BOXES = ["template", "empty", "pruned"];
function update() {
  const { model } = scene();
  const selection = select(model, settings);
  change({ selection });
  if (marks.cursor >= 0 && !at(selection.drawn, marks.cursor)) marks.cursor = -1;
  reshape(view, { columns: selection.columns.length, rows: model.data.stages.length });
  const nodes = selection.places.length;
  const edges = selection.edges.length;
  const all = model.data;
  const drawn = byId("drawn");
  drawn.textContent = `${nodes} of ${all.nodes.length} nodes, ${edges} of ${all.edges.length} edges`;
  drawn.title = "Of this file, with the nodes and edges of leaks and biases";
  Object.assign(drawn.dataset, { nodes, edges });
  redraw("base");
}
function threshold(slider, { least, most }) {
  const share = slider.valueAsNumber / 100;
  return share ? least * (most / least) ** share : 0;
}
function readSlider({ id, setting, scale }) {
  const { model } = scene();
  const score = Math.abs(model.data.logit_diff);
  const value = threshold(input(id), model[scale]);
  settings[setting] = value;
  const share = score ? ` (${(100 * value / score).toPrecision(2)} %)` : "";
  byId(`${id}-above`).textContent = value ? value.toPrecision(2) + share : "all";
}
function readSliders() {
  SLIDERS.forEach(readSlider);
}
function bindSettings() {
  for (const slider of SLIDERS) {
    byId(slider.id).addEventListener("input", () => {
      readSlider(slider);
      update();
    });
  }
  for (const name of BOXES) {
    byId(name).addEventListener("input", () => {
      settings[name] = input(name).checked;
      update();
    });
  }
  byId("controls").addEventListener("submit", (event) => {
    event.preventDefault();
  });
}
function clearSearch() {
  search.tokens = [];
  search.current = -1;
  input("find").value = "";
  byId("match-count").textContent = "";
}
function searchTokens() {
  const { model, selection } = scene();
  const wanted = input("find").value;
  search.tokens = findTokens(model, wanted);
  search.current = -1;
  marks.tokens = search.tokens;
  const hidden = search.tokens.filter((token) => at(selection.columnOf, token) < 0).length;
  const count = `${search.tokens.length}${hidden ? `, ${hidden} hidden` : ""}`;
  byId("match-count").textContent = wanted ? count : "";
  redraw("overlay");
}
function goToNext(backwards) {
  const { model, selection } = scene();
  const shown = search.tokens.filter((token2) => at(selection.columnOf, token2) >= 0);
  if (!shown.length) return;
  search.current = (search.current + (backwards ? shown.length - 1 : 1)) % shown.length;
  const token = at(shown, Math.max(0, search.current));
  const places = selection.rows.flat().filter((place) => describe(model, place).token === token);
  if (!places.length) {
    show(token);
    return;
  }
  const size = (place) => Math.abs(describe(model, place).relevance);
  actions.select(places.reduce((a, b) => size(b) > size(a) ? b : a));
}
function bindSearch() {
  byId("find").addEventListener("input", searchTokens);
  byId("find").addEventListener("keydown", (event) => {
    if (event.key === "Enter") goToNext(event.shiftKey);
  });
}

// graph/page/input.ts
var STEP = 1.4;
var SLACK = 4;
var zoomer = (factor) => () => {
  const { left, right, top, bottom } = plot(view);
  zoom(view, factor, factor, (left + right) / 2, (top + bottom) / 2);
  redraw("base");
};
var zoomIn = zoomer(STEP);
var zoomOut = zoomer(1 / STEP);
function fitAll() {
  fit(view);
  redraw("base");
}
function dragTo(drag, event) {
  const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
  if (!drag.moved && Math.hypot(dx, dy) < SLACK) return;
  Object.assign(drag, { x: event.clientX, y: event.clientY, moved: true });
  byId("overlay").classList.add("dragging");
  pan(view, dx, dy);
  redraw("base");
}
function bindPointer() {
  const overlay = byId("overlay");
  let drag = null;
  overlay.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, y: event.clientY, moved: false };
    overlay.setPointerCapture(event.pointerId);
  });
  overlay.addEventListener("pointermove", (event) => {
    if (drag) dragTo(drag, event);
    else point(event.offsetX, event.offsetY);
  });
  overlay.addEventListener("pointerup", (event) => {
    overlay.classList.remove("dragging");
    const { model, selection } = scene();
    const place = placeAt(model, selection, view, { x: event.offsetX, y: event.offsetY });
    if (drag && !drag.moved && place >= 0) actions.select(place);
    else if (drag && !drag.moved && marks.selected >= 0) actions.close();
    drag = null;
  });
  overlay.addEventListener("pointercancel", () => {
    drag = null;
  });
  overlay.addEventListener("pointerleave", () => {
    point(-100, -100);
  });
  overlay.addEventListener("wheel", wheel, { passive: false });
}
function wheel(event) {
  event.preventDefault();
  const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (sideways) {
    pan(view, -(event.deltaX || event.deltaY), 0);
  } else {
    const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 2e-3));
    zoom(view, factor, event.ctrlKey ? factor : 1, event.offsetX, event.offsetY);
  }
  redraw("base");
}
function point(x, y) {
  const { model, selection } = scene();
  const place = placeAt(model, selection, view, { x, y });
  if (place === marks.hover) return;
  marks.hover = place;
  tell("point", place < 0 ? -1 : describe(model, place).token);
  byId("overlay").classList.toggle("pointing", place >= 0);
  const tip = byId("tip");
  tip.hidden = place < 0;
  if (place >= 0) {
    tip.textContent = summary(model, place);
    const left = x > view.width / 2 ? x - tip.offsetWidth - 14 : x + 14;
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${Math.max(0, y - tip.offsetHeight - 10)}px`;
  }
  redraw("overlay");
}
var mover = (dx, dy) => () => {
  const { model, selection } = scene();
  const from = marks.cursor;
  goTo(from < 0 ? model.tokenPlaceCount - 1 : neighbour(model, selection, from, dx, dy));
};
var endMover = (index) => () => {
  const { model, selection } = scene();
  const from = marks.cursor < 0 ? model.tokenPlaceCount - 1 : marks.cursor;
  const place = at(selection.rows, describe(model, from).stage).at(index);
  if (place !== void 0) goTo(place);
};
function followCursor() {
  if (marks.cursor >= 0) actions.follow(marks.cursor);
}
function openNode() {
  if (marks.cursor < 0) return;
  actions.select(marks.cursor);
  byId("panel").focus();
}
var KEYS = /* @__PURE__ */ new Map([
  ["ArrowLeft", mover(-1, 0)],
  ["ArrowRight", mover(1, 0)],
  ["ArrowUp", mover(0, 1)],
  ["ArrowDown", mover(0, -1)],
  ["Home", endMover(0)],
  ["End", endMover(-1)],
  ["Enter", openNode],
  ["Escape", actions.close],
  ["p", followCursor],
  ["+", zoomIn],
  ["-", zoomOut],
  ["0", fitAll]
]);
function bindKeys() {
  byId("overlay").addEventListener("keydown", (event) => {
    const action = KEYS.get(event.key);
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
  byId("panel").addEventListener("keydown", (event) => {
    if (event.key === "Escape") actions.close();
  });
  byId("in").addEventListener("click", zoomIn);
  byId("out").addEventListener("click", zoomOut);
  byId("fit").addEventListener("click", fitAll);
}

// graph/graph.ts
function recolor() {
  change({ theme: readTheme() });
  redraw("base");
}
function bindWindow() {
  new ResizeObserver(([entry]) => {
    if (!entry) return;
    const { width, height } = entry.contentRect;
    reshape(view, { width, height });
    redraw("base");
  }).observe(byId("map"));
  window.addEventListener("resize", () => {
    redraw("base");
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolor);
  window.addEventListener("tokenblame:theme", recolor);
  window.addEventListener("tokenblame:highlight", (event) => {
    highlight(event.detail?.token ?? -1);
  });
}
function highlight(token) {
  marks.tokens = token >= 0 ? [token] : search.tokens;
  if ((scene().selection.columnOf[token] ?? -1) >= 0) show(token);
  redraw("overlay");
}
function describeGraph() {
  const { model } = scene();
  const { task_id: task, model: name, method, pair, retokenized } = model.data;
  document.title = `${task} · attribution graph · Token Blame`;
  byId("title").textContent = `Why “${visible(pair.target.text)}”? ${task}, ${name}, ${method}`;
  const proof = pair.origin === "verified" ? " (proved by the tests)" : ` (${pair.origin})`;
  const anew = retokenized ? " The text was tokenised anew." : "";
  byId("subtitle").textContent = `At token ${pair.position} the model wrote “${visible(pair.target.text)}” instead of “${visible(pair.contrast.text)}”${proof}.${anew}`;
  byId("plus").textContent = sideOf(model, 1);
  byId("minus").textContent = sideOf(model, -1);
}
function openGraph(data) {
  const first = !isOpen();
  const model = makeModel(data);
  open({ model, selection: select(model, settings), theme: readTheme() });
  Object.assign(marks, { hover: -1, cursor: -1, selected: -1, path: [], tokens: [] });
  clearSearch();
  readSliders();
  view.columns = 0;
  describeGraph();
  update();
  if (!first) return;
  whenAtRest(listStrongest);
  bindSettings();
  bindSearch();
  bindPointer();
  bindKeys();
  bindWindow();
}

// graph/main.ts
openGraph(JSON.parse(byId("data").textContent));

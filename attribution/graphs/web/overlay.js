/* What changes with the pointer and the keys, on a canvas of its own above the map. */

const STRONGEST = 12; // edges of the selected node that are highlighted, each way

function drawOverlay(canvas, scene, marks) {
  const { view } = scene;
  const context = prepare(canvas, view);
  for (const token of marks.tokens) drawBand(context, scene, token);
  clipped(context, view, () => {
    if (marks.path.length) drawPath(context, scene, marks.path);
    else if (marks.selected >= 0) drawStar(context, scene, marks.selected);
    for (const [place, color, width] of rings(scene.theme, marks)) {
      drawRing(context, scene, place, color, width);
    }
  });
  const pointed = [marks.hover, marks.cursor].find(
    (place) => place >= 0 && place < scene.model.cells,
  );
  if (pointed !== undefined) drawPointedLabel(context, scene, pointed);
}

function rings(theme, { hover, cursor, selected }) {
  return [
    [selected, theme.accent, 3],
    [cursor, theme.text, 2],
    [hover, theme.muted, 2],
  ];
}

/** The column of a token that was searched for, or that another view points at. */
function drawBand(context, { view, selection, theme }, token) {
  const column = selection.columnOf[token];
  if (column === undefined || column < 0) return;
  const { left, right, top, bottom } = plot(view);
  const wide = Math.min(40, Math.max(4, view.sx));
  const x = columnX(view, column) - wide / 2;
  if (x + wide < left || x > right) return;
  context.fillStyle = theme.band;
  context.fillRect(x, top - 8, wide, bottom - top + 16);
}

/** The strongest edges of a node, both ways, with the nodes that they reach. */
function drawStar(context, scene, place) {
  const { model } = scene;
  const { node } = describe(model, place);
  if (node < 0) return;
  const drawn = (index) => {
    const { source, target } = model.data.edges[index];
    return [source, target].every((end) => hasPlace(scene, model.placeOf[end]));
  };
  const edges = [model.incoming[node], model.outgoing[node]].flatMap((all) =>
    all.filter(drawn).slice(0, STRONGEST),
  );
  drawLines(context, scene, edges);
  const ends = edges.flatMap((index) => [
    model.data.edges[index].source,
    model.data.edges[index].target,
  ]);
  drawNodes(context, scene, [...new Set([place, ...ends.map((end) => model.placeOf[end])])]);
}

/** A token whose column is hidden has no place on the map. */
function hasPlace({ model, selection }, place) {
  return place >= model.cells || selection.columnOf[place % model.n] >= 0;
}

function drawPath(context, scene, path) {
  const { model } = scene;
  const edges = path.slice(1).map((source, step) => {
    const target = describe(model, path[step]).node;
    const from = describe(model, source).node;
    return model.incoming[target].find((index) => model.data.edges[index].source === from);
  });
  context.lineJoin = 'round';
  context.strokeStyle = scene.theme.band;
  context.lineWidth = 12;
  context.beginPath();
  for (const place of path) {
    const { x, y } = centre(model, scene.selection, scene.view, place);
    context.lineTo(x, y);
  }
  context.stroke();
  drawLines(context, scene, edges);
  drawNodes(context, scene, path);
}

function drawLines(context, { view, model, selection, theme }, edges) {
  for (const index of [...edges].reverse()) {
    const edge = model.data.edges[index];
    const from = centre(model, selection, view, model.placeOf[edge.source]);
    const to = centre(model, selection, view, model.placeOf[edge.target]);
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

function drawRing(context, scene, place, color, width) {
  if (place < 0 || !hasPlace(scene, place)) return;
  const { model, selection, view } = scene;
  const { x, y } = centre(model, selection, view, place);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.beginPath();
  context.arc(x, y, radius(scene, describe(model, place).relevance) * 1.25 + 4, 0, 2 * Math.PI);
  context.stroke();
}

/** The label of the column that is pointed at, which may have found no room. */
function drawPointedLabel(context, scene, place) {
  const { view, selection, theme } = scene;
  const column = selection.columnOf[place % scene.model.n];
  const x = columnX(view, column);
  const { left, right, bottom } = plot(view);
  if (column < 0 || x < left || x > right) return;
  context.save();
  context.translate(x, bottom + 12);
  context.rotate(-Math.PI / 3);
  context.fillStyle = theme.background;
  context.fillRect(-100, -8, 104, 16);
  context.restore();
  drawLabel(context, scene, column, theme.accent);
}

/* Pointer and keys: zoom, pan, point at a node, move among the nodes, open one. */

function zoomBy(factor) {
  const { left, right, top, bottom } = plot(view);
  zoom(view, factor, factor, (left + right) / 2, (top + bottom) / 2);
  redraw('base');
}

function fitAll() {
  fit(view);
  redraw('base');
}

function bindPointer() {
  let drag = null;
  overlay.addEventListener('pointerdown', (event) => {
    drag = { x: event.clientX, y: event.clientY, moved: false };
    overlay.setPointerCapture(event.pointerId);
  });
  overlay.addEventListener('pointermove', (event) => {
    if (!drag) return point(event.offsetX, event.offsetY);
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(dx, dy) < 4) return undefined;
    Object.assign(drag, { x: event.clientX, y: event.clientY, moved: true });
    overlay.classList.add('dragging');
    pan(view, dx, dy);
    return redraw('base');
  });
  overlay.addEventListener('pointerup', (event) => {
    overlay.classList.remove('dragging');
    const place = placeAt(model, selection, view, event.offsetX, event.offsetY);
    if (drag && !drag.moved && place >= 0) actions.select(place);
    else if (drag && !drag.moved && marks.selected >= 0) actions.close();
    drag = null;
  });
  overlay.addEventListener('pointercancel', () => (drag = null));
  overlay.addEventListener('pointerleave', () => point(-100, -100));
  overlay.addEventListener('wheel', wheel, { passive: false });
}

/** Zooms the tokens; with Ctrl (or two fingers) the stages, too; sideways it pans. */
function wheel(event) {
  event.preventDefault();
  const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (sideways) {
    pan(view, -(event.deltaX || event.deltaY), 0);
  } else {
    const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002));
    zoom(view, factor, event.ctrlKey ? factor : 1, event.offsetX, event.offsetY);
  }
  redraw('base');
}

function point(x, y) {
  const place = placeAt(model, selection, view, x, y);
  if (place === marks.hover) return;
  marks.hover = place;
  tell('point', place < 0 ? -1 : describe(model, place).token);
  overlay.classList.toggle('pointing', place >= 0);
  const tip = byId('tip');
  tip.hidden = place < 0;
  if (place >= 0) {
    tip.textContent = summary(model, place);
    const left = x > view.width / 2 ? x - tip.offsetWidth - 14 : x + 14;
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${Math.max(0, y - tip.offsetHeight - 10)}px`;
  }
  redraw('overlay');
}

const KEYS = {
  ArrowLeft: () => move(-1, 0),
  ArrowRight: () => move(1, 0),
  ArrowUp: () => move(0, 1),
  ArrowDown: () => move(0, -1),
  Home: () => rowEnd((row) => row[0]),
  End: () => rowEnd((row) => row.at(-1)),
  Enter: () => {
    if (marks.cursor < 0) return;
    actions.select(marks.cursor);
    byId('panel').focus();
  },
  Escape: () => actions.close(),
  p: () => marks.cursor >= 0 && actions.follow(marks.cursor),
  '+': () => zoomBy(1.4),
  '-': () => zoomBy(1 / 1.4),
  0: fitAll,
};

function move(dx, dy) {
  const explained = model.cells - 1;
  const from = marks.cursor;
  goTo(from < 0 ? explained : neighbour(model, selection, from, dx, dy));
}

function rowEnd(choose) {
  const from = marks.cursor < 0 ? model.cells - 1 : marks.cursor;
  goTo(choose(selection.rows[describe(model, from).stage]));
}

function goTo(place) {
  marks.cursor = place;
  tell('point', describe(model, place).token);
  byId('live').textContent = summary(model, place);
  show(place);
}

function bindKeys() {
  overlay.addEventListener('keydown', (event) => {
    const action = KEYS[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
  byId('panel').addEventListener('keydown', (event) => {
    if (event.key === 'Escape') actions.close();
  });
  byId('in').addEventListener('click', () => zoomBy(1.4));
  byId('out').addEventListener('click', () => zoomBy(1 / 1.4));
  byId('fit').addEventListener('click', fitAll);
}

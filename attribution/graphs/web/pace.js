/* How much is drawn while something moves: as much as this machine draws in time. */

const MOST = 4000; // edges, on a machine that is fast enough for them
const LEAST = 250; // the strongest, which show the shape of the graph
const NODES = 4; // for each edge: they cost less, and on a fast machine all are drawn
const IN_TIME = 40; // milliseconds that such a frame may take

/** How many edges the next frame may draw, after one of `edges` took so many milliseconds. */
function budgetAfter(edges, milliseconds) {
  const fitting = Math.round((edges * IN_TIME) / Math.max(1, milliseconds));
  return Math.max(LEAST, Math.min(MOST, 2 * edges, fitting));
}

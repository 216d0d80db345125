/** How much is drawn while something moves: as much as this machine draws in time. */

/** Edges, on a machine that is fast enough for them. */
export const MOST_EDGES = 4000;
/** The strongest edges, which show the shape of the graph. */
const LEAST_EDGES = 250;
/** Nodes for each edge: they cost less, and on a fast machine all are drawn. */
export const NODES_PER_EDGE = 4;
/** Milliseconds that such a frame may take. */
const FRAME_TIME = 40;

/** How many edges the next frame may draw, after one of `edges` took so many milliseconds. */
export function budgetAfter(edges: number, milliseconds: number): number {
  const fitting = Math.round((edges * FRAME_TIME) / Math.max(1, milliseconds));
  return Math.max(LEAST_EDGES, Math.min(MOST_EDGES, 2 * edges, fitting));
}

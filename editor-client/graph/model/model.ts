/**
 * The graph as it is drawn.
 *
 * A place is a number: stage · tokenCount + token for a token's state, pruned ones too, and
 * tokenPlaceCount + node for a leak or bias node.
 */

import { at } from './at';
import type { DetailData, EdgeData, GraphData, NodeData } from './data';

/** The largest size, and the least that is told apart from it. */
export interface Scale {
  most: number;
  least: number;
}

export interface Model {
  data: GraphData;
  tokenCount: number;
  /** Places of tokens; those of leaks and biases follow. */
  tokenPlaceCount: number;
  /** [place of a token] its node, −1 where it was pruned. */
  nodeAt: Int32Array;
  /** [node] its place. */
  placeOf: number[];
  /** [node] edges, strongest first. */
  incoming: number[][];
  outgoing: number[][];
  /** All edges, strongest first. */
  edgesByStrength: number[];
  /** All nodes, strongest first. */
  nodesByStrength: number[];
  /** By node. */
  details: Map<number, DetailData>;
  tokensWithNode: Set<number>;
  kinds: Set<NodeData['kind']>;
  sizes: Scale;
  weights: Scale;
}

/** What is at a place; `node` is −1 where it was pruned. */
export interface PlaceInfo extends NodeData {
  node: number;
}

/** Indexes the data: places of nodes, and the edges of each node, strongest first. */
export function makeModel(data: GraphData): Model {
  const tokenCount = data.tokens.length;
  const tokenPlaceCount = data.stages.length * tokenCount;
  const nodeAt = new Int32Array(tokenPlaceCount).fill(-1);
  const placeOf = data.nodes.map((node, index) => {
    if (node.kind !== 'token') return tokenPlaceCount + index;
    nodeAt[node.stage * tokenCount + node.token] = index;
    return node.stage * tokenCount + node.token;
  });
  const incoming: number[][] = data.nodes.map(() => []);
  const outgoing: number[][] = data.nodes.map(() => []);
  const edgesByStrength = data.edges
    .map((_, index) => index)
    .sort((a, b) => Math.abs(at(data.edges, b).weight) - Math.abs(at(data.edges, a).weight));
  for (const index of edgesByStrength) {
    at(incoming, at(data.edges, index).target).push(index);
    at(outgoing, at(data.edges, index).source).push(index);
  }
  const nodesByStrength = placeOf
    .map((_, node) => node)
    .sort((a, b) => Math.abs(at(data.nodes, b).relevance) - Math.abs(at(data.nodes, a).relevance));
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
    kinds,
  };
  return { data, tokenCount, tokenPlaceCount, ...index, ...scales(data) };
}

/** The largest sizes; a template token's relevance does not count, as it dwarfs all others. */
function scales(data: GraphData): Pick<Model, 'sizes' | 'weights'> {
  const sizes = data.nodes
    .filter((node) => node.kind === 'token' && at(data.tokens, node.token).role !== 'template')
    .map((node) => Math.abs(node.relevance));
  const weights = data.edges.map((edge: EdgeData) => Math.abs(edge.weight));
  return { sizes: scaleOf(sizes), weights: scaleOf(weights) };
}

function scaleOf(values: number[]): Scale {
  const least = values.reduce((a, b) => (b > 0 && b < a ? b : a), Infinity);
  const most = values.reduce((a, b) => Math.max(a, b), 0) || 1;
  return { most, least: Math.max(least, most / 1e5) };
}

export function describe(model: Model, place: number): PlaceInfo {
  if (place >= model.tokenPlaceCount) {
    const node = place - model.tokenPlaceCount;
    return { ...at(model.data.nodes, node), node };
  }
  const stage = Math.floor(place / model.tokenCount);
  const token = place % model.tokenCount;
  const relevance = at(at(model.data.relevance, stage), token);
  return { kind: 'token', stage, token, relevance, node: at(model.nodeAt, place) };
}

/** Tokens whose text contains `text`, whatever the case. */
export function findTokens(model: Model, text: string): number[] {
  const wanted = text.toLowerCase();
  if (!wanted) return [];
  const { tokens } = model.data;
  return tokens
    .filter((token) => token.text.toLowerCase().includes(wanted))
    .map((token) => token.index);
}

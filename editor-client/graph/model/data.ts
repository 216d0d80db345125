/** The JSON of `tokenblame graph --json`; attribution/graphs/export.py describes it. */

export interface TokenData {
  index: number;
  text: string;
  role: 'template' | 'prompt' | 'output';
}

/** `token` is −1 and `stage` the source of the transition where a softmax or a bias absorbs. */
export interface NodeData {
  kind: 'token' | 'leak' | 'bias';
  stage: number;
  token: number;
  relevance: number;
}

/** Logit units: what one head hands over by each way. */
export interface HeadData {
  layer: number;
  head: number;
  value: number;
  key: number;
  query: number;
}

/** Relevance flows from `target` to `source`, both indices of nodes. */
export interface EdgeData {
  source: number;
  target: number;
  weight: number;
  direct: number;
  heads: HeadData[];
}

/** Index and relevance. */
export type Ranked = [index: number, relevance: number];

export interface DetailData {
  node: number;
  dimensions: Ranked[];
  neurons: Ranked[];
  mlp: number;
}

export interface MeasureData {
  target: number;
  connectivity: number;
  gini: number;
  verticality: number;
  look_back: number;
}

export interface PruningData {
  policy: string;
  nodes: number;
  all_nodes: number;
  edges: number;
  all_edges: number;
  kept_mass: number;
  kept_relevance: number;
}

export interface PairData {
  position: number;
  origin: string;
  target: { text: string };
  contrast: { text: string };
}

export interface GraphData {
  task_id: string;
  model: string;
  method: string;
  objective: string;
  retokenized: boolean;
  logit_diff: number;
  pair: PairData;
  tokens: TokenData[];
  stages: string[];
  /** [stage][token], of pruned nodes, too. */
  relevance: number[][];
  completeness: { sum: number; absorbed: number };
  nodes: NodeData[];
  edges: EdgeData[];
  details: DetailData[];
  measures: MeasureData[];
  pruning: PruningData;
}

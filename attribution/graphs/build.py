"""From arrays to the graph that is shown: prune, number the nodes, name what was absorbed."""

from collections.abc import Iterator

import numpy as np
from attrs import define, field

from attribution.graphs.measures import KeptEdges, measure
from attribution.graphs.pruning import PruningPolicy, prune
from attribution.graphs.raw import Array, RawGraph, RawTransition
from attribution.schema import (
    AttributionGraph,
    ContrastPair,
    GraphEdge,
    GraphNode,
    HeadShare,
    NodeKind,
)

_FAINT_HEAD = 0.02  # share of an edge's Σ|share| below which a head is left out


def assemble(
    raw: RawGraph, policy: PruningPolicy, pair: ContrastPair, method: str, objective: str
) -> AttributionGraph:
    """The pruned graph. Token k of `raw` is Generation.tokens[k]; the pair's position is its n.

    Exact for every kept target: its relevance is Σ weight of its in-edges, those from the leak and
    bias nodes among them, plus the edges that were pruned.
    """
    kept_nodes, kept_edges, pruning = prune(raw, policy)
    builder = _GraphBuilder(raw, kept_nodes)
    builder.add_tokens()
    for t, mask in enumerate(kept_edges):
        builder.add_edges(t, mask)
    for t, transition in enumerate(raw.transitions):
        builder.add_absorbed(NodeKind.LEAK, t, transition.leak)
        builder.add_absorbed(NodeKind.BIAS, t, transition.bias)
    builder.add_head_bias()
    measures = tuple(
        measure(_kept(raw.transitions[t], mask), kept_nodes[t], kept_nodes[t + 1], t)
        for t, mask in enumerate(kept_edges)
    )
    return AttributionGraph(
        pair=pair,
        method=method,
        objective=objective,
        logit_diff=raw.logit_diff,
        stages=raw.stages,
        relevance=tuple(tuple(row) for row in raw.relevance.tolist()),
        nodes=tuple(builder.nodes),
        edges=tuple(builder.edges),
        pruning=pruning,
        measures=measures,
    )


def _kept(edges: RawTransition, mask: Array) -> KeptEdges:
    sizes = np.abs(edges.weights[mask])
    return KeptEdges(edges.targets[mask], edges.sources[mask], sizes, edges.visible)


@define(eq=False)
class _GraphBuilder:
    """Nodes and edges so far. Token nodes come first, by stage and token."""

    raw: RawGraph
    kept: Array  # (stages, n) bool
    nodes: list[GraphNode] = field(factory=list)
    edges: list[GraphEdge] = field(factory=list)
    index: Array = field(init=False)  # (stages, n) int64: of a kept node among `nodes`

    def add_tokens(self) -> None:
        self.index = np.full(self.kept.shape, -1)
        self.index[self.kept] = np.arange(int(self.kept.sum()))
        for stage, token in np.argwhere(self.kept).tolist():
            relevance = float(self.raw.relevance[stage, token])
            self.nodes.append(GraphNode(NodeKind.TOKEN, stage, token, relevance))

    def add_edges(self, t: int, mask: Array) -> None:
        """The edges of transition `t` that `mask` (E,) keeps, with the heads that make them up."""
        transition = self.raw.transitions[t]
        heads = _heads(transition, mask)
        sources, targets = self.index[t], self.index[t + 1]
        for edge in np.flatnonzero(mask).tolist():
            self.edges.append(
                GraphEdge(
                    source=int(sources[transition.sources[edge]]),
                    target=int(targets[transition.targets[edge]]),
                    weight=float(transition.weights[edge]),
                    direct=float(transition.direct[edge]),
                    heads=heads.get(edge, ()),
                )
            )

    def add_absorbed(self, kind: NodeKind, t: int, absorbed: Array) -> None:
        """One node for what the kept targets of transition `t` lose to `kind`, (n,) per target."""
        losers = np.flatnonzero(self.kept[t + 1] & (absorbed != 0))
        if not len(losers):
            return
        node = len(self.nodes)
        self.nodes.append(GraphNode(kind, t, -1, float(absorbed[losers].sum())))
        for token in losers.tolist():
            target = int(self.index[t + 1, token])
            self.edges.append(GraphEdge(node, target, float(absorbed[token])))

    def add_head_bias(self) -> None:
        """Biases behind the last stage go into Δℓ past every token: a node without edges."""
        if self.raw.head_bias:
            last = len(self.raw.stages) - 1
            self.nodes.append(GraphNode(NodeKind.BIAS, last, -1, self.raw.head_bias))


def _heads(transition: RawTransition, mask: Array) -> dict[int, tuple[HeadShare, ...]]:
    """Edge → its heads, strongest first, without the faint ones; of the edges in `mask` (E,) bool.

    What counts is |value| + |key| + |query|: two ways that cancel are not nothing.
    """
    size = np.abs(transition.head_values).sum(1)
    whole = np.bincount(transition.head_edges, size, len(mask))
    strong = (size > 0) & (size >= _FAINT_HEAD * whole[transition.head_edges])
    entries = np.flatnonzero(strong & mask[transition.head_edges])
    entries = entries[np.lexsort((-size[entries], transition.head_edges[entries]))]
    edges = transition.head_edges[entries]
    starts = np.flatnonzero(np.diff(edges, prepend=-1))
    return {
        int(edges[group[0]]): tuple(_shares(transition, entries[group]))
        for group in np.split(np.arange(len(entries)), starts[1:])
        if len(group)
    }


def _shares(transition: RawTransition, entries: Array) -> Iterator[HeadShare]:
    """The shares at these indices of the fields `head_…`, (k,) int64."""
    for entry in entries.tolist():
        value, key, query = transition.head_values[entry].tolist()
        layer, head = int(transition.head_layers[entry]), int(transition.head_numbers[entry])
        yield HeadShare(layer, head, value, key, query)

"""Which nodes and edges of a raw graph are worth showing, and how much is lost by that.

After appendix B of arXiv 2604.17761: weak nodes go first, then per transition all but the strongest
edges between those that stay, then what cannot reach the node that is explained. `influence` is an
idea from circuit tracing, written from its equations: which share of the explained node's relevance
comes through a node, whatever the signs.
"""

import numpy as np
from attrs import frozen

from attribution.errors import InvalidRequest
from attribution.graphs.raw import Array, RawGraph, RawTransition
from attribution.schema import Pruning


@frozen
class PruningPolicy:
    """How to prune. `edge_threshold`, where given, takes the place of `mass`.

    Raises InvalidRequest for a threshold below 0 and for a share outside (0, 1].
    """

    node_threshold: float = 0.01  # smallest |relevance| of a node …
    relative: bool = True  # … as a share of |Δℓ|; False: in logit units
    mass: float | None = 0.85  # of Σ|weight| between kept nodes, per transition; None: all edges
    edge_threshold: float | None = None  # smallest |weight|, as a share of |Δℓ|
    influence: float | None = None  # share of each stage's influence that its nodes must carry
    reach: bool = True  # keep only what has a path to the node that is explained

    def __attrs_post_init__(self) -> None:
        for name, threshold in (("node", self.node_threshold), ("edge", self.edge_threshold)):
            if threshold is not None and not threshold >= 0:  # NaN fails, too
                raise InvalidRequest(f"The {name} threshold is {threshold}; it must be 0 or more.")
        for name, share in (("mass", self.mass), ("influence", self.influence)):
            if share is not None and not 0 < share <= 1:
                raise InvalidRequest(f"The share of {name} is {share}; it must be in (0, 1].")

    def __str__(self) -> str:
        """For a person, e.g. "nodes above 1 % of |Δℓ|, 85 % of the mass between them"."""
        least = f"{self.node_threshold:.3g}"
        if self.relative:
            least = f"{_percent(self.node_threshold)} of |Δℓ|"
        parts = [f"nodes above {least}" if self.node_threshold else "all nodes"]
        if self.influence is not None:
            parts.append(f"nodes with {_percent(self.influence)} of each stage's influence")
        if self.edge_threshold is not None:
            parts.append(f"edges above {_percent(self.edge_threshold)} of |Δℓ|")
        elif self.mass is not None:
            parts.append(f"{_percent(self.mass)} of the mass between them")
        else:
            parts.append("all edges between them")
        if self.reach:
            parts.append("only what reaches the explained node")
        return ", ".join(parts)


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def prune(raw: RawGraph, policy: PruningPolicy) -> tuple[Array, tuple[Array, ...], Pruning]:
    """Kept nodes (stages, n) bool, kept edges (E,) bool per transition, and a report of both."""
    nodes = _strong_nodes(raw, policy)
    if policy.influence is not None:
        nodes &= np.stack([smallest_set(stage, policy.influence) for stage in influence(raw)])
    edges = [
        _strong_edges(transition, nodes[t], nodes[t + 1], policy, abs(raw.logit_diff))
        for t, transition in enumerate(raw.transitions)
    ]
    if policy.reach:
        nodes = _reach(raw, nodes, edges)
    return nodes, tuple(edges), _report(raw, policy, nodes, edges)


def influence(raw: RawGraph) -> Array:
    """How much of the explained node comes through each node, (stages, n), 0 … 1.

    The last token of the last stage has influence 1, and I_i = Σ_j s_ji I_j downwards (s_ji: see
    `shares`), so that a stage's influence is 1 less what was absorbed above it.
    """
    stages, n = raw.relevance.shape
    flow = np.zeros((stages, n))
    flow[-1, -1] = 1.0
    for t in reversed(range(stages - 1)):
        edges = raw.transitions[t]
        flow[t] = np.bincount(edges.sources, shares(edges) * flow[t + 1][edges.targets], n)
    return flow


def shares(edges: RawTransition) -> Array:
    """What each edge makes up of its target, (E,), 0 … 1.

    The in-weights of a target j are made shares of 1 by their sizes, softmax leak and biases among
    them, and what the candidates leave out (by the size of its sum, which is all that is known):

        s_ji = |A_ji| / (Σ_m |A_jm| + |leak_j| + |bias_j| + |rest_j|)
    """
    size = np.abs(edges.weights)
    total = np.abs(edges.leak) + np.abs(edges.bias) + np.abs(edges.rest)
    total += np.bincount(edges.targets, size, len(total))
    whole = total[edges.targets]
    quotient: Array = np.divide(size, whole, out=np.zeros(len(size)), where=whole > 0)
    return quotient


def smallest_set(sizes: Array, share: float) -> Array:
    """Mask of the fewest of `sizes` (k,) ≥ 0 that make `share` of their sum.

    All that are as large as the smallest of them belong to it, so that the answer does not depend
    on the order; zeros do not. A share of 1 takes all others, the tiniest too.
    """
    positive: Array = sizes > 0
    if share >= 1 or not positive.any():
        return positive
    falling = -np.sort(-sizes)
    reached = np.cumsum(falling)
    # The last of the sums is the total: any other way to add up may round to more than it.
    smallest = falling[np.searchsorted(reached, share * reached[-1])]
    strong: Array = positive & (sizes >= smallest)
    return strong


def _strong_nodes(raw: RawGraph, policy: PruningPolicy) -> Array:
    unit = abs(raw.logit_diff) if policy.relative else 1.0
    nodes: Array = np.abs(raw.relevance) >= policy.node_threshold * unit
    nodes[-1, -1] = True  # it is what is explained
    return nodes


def _strong_edges(
    edges: RawTransition, sources: Array, targets: Array, policy: PruningPolicy, unit: float
) -> Array:
    """Mask (E,) of edges between the kept `sources` and `targets`, both (n,) bool."""
    kept: Array = sources[edges.sources] & targets[edges.targets]
    size = np.abs(edges.weights) * kept
    if policy.edge_threshold is not None:
        return kept & (size >= policy.edge_threshold * unit)
    if policy.mass is not None:
        return smallest_set(size, policy.mass)
    return kept


def _reach(raw: RawGraph, nodes: Array, edges: list[Array]) -> Array:
    """The nodes with a path of kept edges to the explained node; edges of others leave `edges`."""
    alive = np.zeros_like(nodes)
    alive[-1, -1] = True
    for t in reversed(range(len(edges))):
        transition = raw.transitions[t]
        edges[t] = edges[t] & alive[t + 1][transition.targets]
        alive[t][transition.sources[edges[t]]] = True
    return alive


def _report(raw: RawGraph, policy: PruningPolicy, nodes: Array, edges: list[Array]) -> Pruning:
    candidates = [np.abs(transition.weights) for transition in raw.transitions]
    kept = [float(sizes[mask].sum()) for sizes, mask in zip(candidates, edges, strict=True)]
    mass = [
        float(sizes.sum()) + transition.dropped_mass
        for sizes, transition in zip(candidates, raw.transitions, strict=True)
    ]
    relevance = np.abs(raw.relevance)
    return Pruning(
        policy=f"{policy}{_cap(raw)}",
        nodes=int(nodes.sum()),
        all_nodes=nodes.size,
        edges=sum(int(mask.sum()) for mask in edges),
        all_edges=sum(len(sizes) for sizes in candidates)
        + sum(transition.dropped_edges for transition in raw.transitions),
        kept_mass=_share(sum(kept), sum(mass)),
        kept_mass_per_transition=tuple(map(_share, kept, mass)),
        kept_relevance=_share(float(relevance[nodes].sum()), float(relevance.sum())),
    )


def _cap(raw: RawGraph) -> str:
    """A clause that names the number of candidates where edges beyond it were left out."""
    reached = any(
        t.dropped_mass > 0 and len(t.weights) == raw.max_candidates for t in raw.transitions
    )
    return f", at most the {raw.max_candidates} strongest edges of a transition" if reached else ""


def _share(part: float, whole: float) -> float:
    """Where there is nothing, nothing is lost."""
    return min(1.0, part / whole) if whole else 1.0

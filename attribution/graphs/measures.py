"""The shape of a pruned graph between two neighbouring stages: one line of figures each."""

import numpy as np
from attrs import frozen

from attribution.graphs.raw import Array
from attribution.schema import TransitionMeasures

_HUBS = 5  # at most


@frozen(eq=False)
class KeptEdges:
    """The kept edges between token nodes of one transition."""

    targets: Array  # (E,) token indices
    sources: Array  # (E,)
    sizes: Array  # (E,) |weight|
    visible: Array  # (n,) int64, per target: how many sources it can see


def measure(edges: KeptEdges, sources: Array, targets: Array, at: int) -> TransitionMeasures:
    """Of the transition from stage `at`; `sources`, `targets` (n,) bool say which nodes stay."""
    total = float(edges.sizes.sum())
    own = edges.targets == edges.sources
    distance = (edges.targets - edges.sources) * edges.sizes
    return TransitionMeasures(
        source=at,
        target=at + 1,
        connectivity=_ratio(len(edges.sizes), _possible(sources, targets, edges.visible)),
        gini=gini(edges.sizes),
        verticality=_ratio(float(edges.sizes[own].sum()), total),
        look_back=_ratio(float(distance.sum()), total),
        hubs=hubs(edges),
    )


def gini(sizes: Array) -> float:
    """Gini coefficient of `sizes` (k,) ≥ 0: half of the mean difference of two, over the mean.

        G = Σ_i Σ_j |x_i − x_j| / (2 k Σ_i x_i)

    In ascending order x_i (i from 1) is the larger one in i − 1 pairs and the smaller in k − i, so
    the double sum is 2 Σ_i (2i − k − 1) x_i. 0 for none, and where all are 0.
    """
    k, total = len(sizes), float(sizes.sum())
    rank = 2 * np.arange(1, k + 1) - k - 1
    return _ratio(float(rank @ np.sort(sizes)), k * total)


def hubs(edges: KeptEdges) -> tuple[int, ...]:
    """Tokens that most targets draw on; those that hand over the largest |weight| first.

    Only targets that look back count, and what a token draws from itself does not. A hub serves
    more than half of them, and at least two.
    """
    back = edges.targets != edges.sources
    readers = len(np.unique(edges.targets[back]))
    if readers < 2:
        return ()
    served = np.bincount(edges.sources[back])
    drawn = np.bincount(edges.sources[back], edges.sizes[back])
    found = np.flatnonzero((served >= 2) & (2 * served > readers))
    return tuple(int(token) for token in found[np.argsort(-drawn[found], kind="stable")][:_HUBS])


def _possible(sources: Array, targets: Array, visible: Array) -> int:
    """How many edges there could be: a target draws on the kept `sources` that it can see."""
    before = np.concatenate([[0], np.cumsum(sources)])
    at = np.flatnonzero(targets)
    return int((before[at + 1] - before[at + 1 - visible[at]]).sum())


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0

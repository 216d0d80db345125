"""Figures for the shape of a pruned graph between two neighbouring stages."""

import numpy as np
from attrs import frozen

from attribution.graphs.raw import Array
from attribution.schema import TransitionMeasures

_MAX_HUBS = 5


@frozen(eq=False)
class KeptEdges:
    """The kept edges between token nodes of one transition."""

    targets: Array  # (E,) token indices
    sources: Array  # (E,)
    sizes: Array  # (E,) |weight|
    visible: Array  # (n,) int64, per target: how many sources it can see


def measure(edges: KeptEdges, sources: Array, targets: Array, stage: int) -> TransitionMeasures:
    """Figures of the transition from `stage`; `sources`, `targets` (n,) bool: which nodes stay."""
    total = float(edges.sizes.sum())
    own = edges.targets == edges.sources
    distance = (edges.targets - edges.sources) * edges.sizes
    return TransitionMeasures(
        source=stage,
        target=stage + 1,
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
    """Tokens that more than half of the targets draw on, and at least two of them.

    Those that hand over the largest |weight| come first. What a token draws from itself does not
    count, nor do targets that draw on nothing else.
    """
    back = edges.targets != edges.sources
    readers = len(np.unique(edges.targets[back]))
    if readers < 2:
        return ()
    served = np.bincount(edges.sources[back])
    drawn = np.bincount(edges.sources[back], edges.sizes[back])
    tokens = np.flatnonzero((served >= 2) & (2 * served > readers))
    strongest_first = tokens[np.argsort(-drawn[tokens], kind="stable")]
    return tuple(int(token) for token in strongest_first[:_MAX_HUBS])


def _possible(sources: Array, targets: Array, visible: Array) -> int:
    """How many edges there could be: a target draws on the kept `sources` that it can see."""
    before = np.concatenate([[0], np.cumsum(sources)])
    kept = np.flatnonzero(targets)
    return int((before[kept + 1] - before[kept + 1 - visible[kept]]).sum())


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0

"""What the attribution hands over: node relevance and candidate edges, as arrays."""

from typing import Any

import numpy as np
from attrs import frozen

Array = np.ndarray[Any, Any]


@frozen(eq=False)
class RawTransition:
    """E candidate edges from stage t to stage t + 1, and how S shares of them fall on heads.

    Targets and sources are token indices. For each target j:
    relevance[t + 1][j] = Σ weights of its in-edges + leak[j] + bias[j] + rest[j].
    """

    targets: Array  # (E,) int64, at stage t + 1
    sources: Array  # (E,) int64, at stage t
    weights: Array  # (E,) float64
    direct: Array  # (E,) float64: of the weight, what passes beside the attention
    head_layers: Array  # (S,) int64
    head_edges: Array  # (S,) int64, index into the edges
    head_numbers: Array  # (S,) int64
    head_values: Array  # (S, 3) float64: value, key, query
    leak: Array  # (n,) float64, per target
    bias: Array  # (n,) float64, per target
    rest: Array  # (n,) float64, per target: edges that are no candidates
    visible: Array  # (n,) int64, per target: how many sources it can see, itself and those before
    dropped_mass: float  # Σ|weight| of edges that are no candidates
    dropped_edges: int


@frozen(eq=False)
class RawGraph:
    """All nodes and the candidate edges; transition t leads from stage t to stage t + 1."""

    stages: tuple[str, ...]
    relevance: Array  # (stages, n) float64
    logit_diff: float
    transitions: tuple[RawTransition, ...]
    head_bias: float = 0.0  # of Δℓ, what biases behind the last stage add (final norm, head)
    max_candidates: int | None = None  # of a transition; None: all its edges are candidates

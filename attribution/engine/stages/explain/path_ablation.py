"""Is the graph true? Δℓ while the attention edges along its strongest paths are cut."""

from typing import Any

import torch

from attribution.faithfulness.ablation import ORDERS, STEPS, Edge, path_curve
from attribution.faithfulness.occlusion import Score
from attribution.graphs.paths import Path, hops, random_paths, strongest_paths
from attribution.lrp.graph import GraphSettings, build_raw_graph
from attribution.lrp.objective import Objective
from attribution.lrp.settings import DEFAULT, PassSettings
from attribution.schema import PathAblation

_NODE_THRESHOLD = 0.01  # of |Δℓ|: ends of the edges that paths consist of


def ablate_paths(
    model: Any,
    ids: torch.Tensor,
    objective: Objective,
    score: Score,
    settings: PassSettings = DEFAULT,
) -> PathAblation | None:
    """The strongest paths of the graph of `ids` (n,) int64 against random paths of the same graph.

    A random path leads as often from one token to another as the one that it stands for. None
    where no token but the last one has a path.
    """
    graph_settings = GraphSettings(node_threshold=_NODE_THRESHOLD, with_heads=0)
    raw = build_raw_graph(model, ids, objective, graph_settings, settings)
    # One path stays at the last token all the way: there is nothing to cut.
    strongest = [path for path in strongest_paths(raw, STEPS[-1] + 1) if hops(path)][: STEPS[-1]]
    if not strongest:
        return None
    others = random_paths(raw, [len(hops(path)) for path in strongest], ORDERS, seed=0)
    curve = path_curve(
        model,
        ids,
        score,
        [_edges(path) for path in strongest],
        [[_edges(path) for path in row] for row in others],
        checkpoint=settings.checkpoint,
    )
    return PathAblation(
        curve.steps, curve.base, curve.strongest, curve.random, curve.p_value, curve.cuts
    )


def _edges(path: Path) -> list[Edge]:
    """What attention hands over on a path through every layer."""
    return [Edge(layer, target, source) for layer, target, source in hops(path)]

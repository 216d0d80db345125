"""Cutting along the strongest paths of a tiny model's graph."""

import pytest
import torch

from attribution.engine.stages.explain.path_ablation import ablate_paths
from attribution.faithfulness.ablation import Edge, ablate
from attribution.graphs.paths import hops, strongest_paths
from attribution.lrp.graph import GraphSettings, build_raw_graph
from attribution.lrp.objective import Objective
from attribution.lrp.settings import Method, PassSettings
from attribution.schema import PathAblation
from tests.attribution.faithfulness.reference import contrast
from tests.attribution.lrp.tiny import Shape, tokens
from tests.attribution.lrp.tiny import build as build_model

PAIR = Objective(3, 5)  # as `contrast` has it


def ablated(shape: Shape, ids: torch.Tensor, method: Method) -> PathAblation | None:
    return ablate_paths(build_model(shape), ids, PAIR, contrast, PassSettings(method))


@pytest.mark.parametrize("method", [Method.ATTNLRP, Method.CPLRP])
@pytest.mark.parametrize("family", ["qwen2", "gemma3", "mistral"])
def test_each_step_cuts_the_strongest_paths(family: str, method: Method) -> None:
    shape, ids = Shape(family, layers=3, window=4), tokens(10)
    found = ablated(shape, ids, method)
    assert found is not None
    raw = build_raw_graph(
        build_model(shape),
        ids,
        PAIR,
        GraphSettings(node_threshold=0.01),
        PassSettings(method),
    )
    paths = [path for path in strongest_paths(raw, 33) if hops(path)]
    cuts = [{hop for path in paths[:step] for hop in hops(path)} for step in found.steps]
    assert found.steps == (1, 2, 4, 8, 16, 32)
    assert found.cuts == tuple(map(len, cuts))
    expected = [
        ablate(build_model(shape), ids, contrast, [Edge(*hop) for hop in cut]) for cut in cuts
    ]
    assert found.strongest == pytest.approx(expected, rel=1e-9)
    assert len(found.random) == 20
    assert 0 < found.p_value <= 1


def test_one_token_has_no_path_to_cut() -> None:
    assert ablated(Shape("llama"), tokens(1), Method.ATTNLRP) is None

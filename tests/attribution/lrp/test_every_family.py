"""What must hold for every family, whatever shapes the random tests happen to draw."""

import numpy as np
import pytest
import torch
from attrs import evolve

from attribution.graphs.build import assemble
from attribution.graphs.pruning import PruningPolicy
from attribution.graphs.raw import RawGraph, RawTransition
from attribution.lrp.graph import GraphSettings, build_raw_graph
from attribution.lrp.objective import Objective
from attribution.lrp.relevance import attribute
from attribution.lrp.settings import Method, PassSettings
from attribution.schema import NodeKind
from tests.attribution.giving_up import GiveUp
from tests.attribution.graphs.random_graphs import pair_at
from tests.attribution.lrp.test_objective import EVERY, value_of
from tests.attribution.lrp.tiny import FAMILIES, Shape, logits, tokens
from tests.attribution.lrp.tiny import build as build_model

PAIR = Objective(3, 5)
N = 11
EVERYTHING = PruningPolicy(node_threshold=0.0, mass=None, reach=False)
STAGES = (  # what the transitions lead over
    GraphSettings(),
    GraphSettings(layers=(0,), midpoints=True),  # then two layers at once
)
families = pytest.mark.parametrize("family", FAMILIES)
ruled = pytest.mark.parametrize("method", [Method.ATTNLRP, Method.CPLRP])


def dense(transition: RawTransition) -> np.ndarray:
    """(targets, sources)."""
    edges = np.zeros((N, N))
    edges[transition.targets, transition.sources] = transition.weights
    return edges


@families
@pytest.mark.parametrize("objective", EVERY)
@pytest.mark.parametrize("method", list(Method))
def test_the_objective_is_that_of_the_plain_model_and_all_of_it_is_accounted_for(
    family: str, objective: Objective, method: Method
) -> None:
    model, ids = build_model(Shape(family, layers=3, window=4)), tokens(N)
    found = attribute(model, ids, objective, PassSettings(method))
    plain = value_of(objective, logits(model, ids)[-1])
    assert found.logit_diff == pytest.approx(plain, rel=1e-10)
    if method.ruled:
        scale = float(found.nodes.abs().sum(1).max()) + abs(plain)
        assert abs(found.sum + found.leak + found.bias - plain) <= 1e-12 * scale


@families
def test_cplrp_conserves_without_biases(family: str) -> None:
    model, ids = build_model(Shape(family, layers=3, biased=False, window=4)), tokens(N)
    found = attribute(model, ids, PAIR, PassSettings(Method.CPLRP))
    scale = float(found.nodes.abs().sum(1).max())
    assert (found.leak, found.bias) == (0, 0)
    for stage in found.nodes:
        assert abs(float(stage.sum()) - found.logit_diff) <= 1e-12 * scale


@families
@ruled
@pytest.mark.parametrize("wanted", STAGES)
def test_columns_sum_to_the_source_and_rows_with_the_leak_to_the_target(
    family: str, method: Method, wanted: GraphSettings
) -> None:
    """Without biases, so that nothing can hide in what they absorb."""
    model, ids = build_model(Shape(family, layers=3, biased=False, window=4)), tokens(N)
    graph = build_raw_graph(model, ids, PAIR, wanted, PassSettings(method))
    scale = float(np.abs(graph.relevance).max())
    for t, transition in enumerate(graph.transitions):
        edges = dense(transition)
        assert np.abs(edges.sum(0) - graph.relevance[t]).max() <= 1e-12 * scale
        into = edges.sum(1) + transition.leak
        assert np.abs(into - graph.relevance[t + 1]).max() <= 1e-12 * scale
        assert np.abs(transition.bias).max() <= 1e-12 * scale
        assert not np.triu(edges, 1).any()


@families
@ruled
@pytest.mark.parametrize("wanted", STAGES)
def test_inputs_and_the_nodes_of_leak_and_bias_make_the_logit_difference(
    family: str, method: Method, wanted: GraphSettings
) -> None:
    model, ids = build_model(Shape(family, layers=3, window=4)), tokens(N)
    raw = build_raw_graph(model, ids, PAIR, wanted, PassSettings(method))
    graph = assemble(raw, EVERYTHING, pair_at(N), method.value, "contrast")
    kinds = {
        kind: sum(node.relevance for node in graph.nodes if node.kind is kind)
        for kind in (NodeKind.LEAK, NodeKind.BIAS)
    }
    whole, row = attribute(model, ids, PAIR, PassSettings(method)), logits(model, ids)[-1]
    scale = float(whole.nodes.abs().sum(1).max())
    told = sum(graph.relevance[0]) + sum(kinds.values())
    assert abs(told - float(row[3] - row[5])) <= 1e-12 * scale
    assert abs(kinds[NodeKind.LEAK] - whole.leak) <= 1e-12 * scale
    assert abs(kinds[NodeKind.BIAS] - whole.bias) <= 1e-12 * scale


@families
@pytest.mark.parametrize("wanted", STAGES)
def test_edges_into_weak_nodes_count_nowhere(family: str, wanted: GraphSettings) -> None:
    model, ids = build_model(Shape(family, layers=3, window=4)), tokens(N)
    raw = build_raw_graph(model, ids, PAIR, evolve(wanted, node_threshold=0.2))
    floor = 0.2 * abs(raw.logit_diff)
    for t, transition in enumerate(raw.transitions):
        strong = np.abs(raw.relevance[t + 1]) >= floor
        assert strong[transition.targets].all()
        counted = len(transition.weights) + transition.dropped_edges
        assert counted == transition.visible[strong].sum()
        into = dense(transition).sum(1) + transition.leak + transition.bias + transition.rest
        assert np.allclose(into, raw.relevance[t + 1], rtol=1e-10, atol=1e-13)


def assert_near(found: RawGraph, exact: RawGraph, tolerance: float) -> None:
    for a, b in zip(found.transitions, exact.transitions, strict=True):
        scale = np.abs(b.weights).max()
        assert np.abs(dense(a) - dense(b)).max() <= tolerance * scale


@families
@ruled
@pytest.mark.parametrize("wanted", STAGES)
def test_a_graph_in_lower_precision_is_near(
    family: str, method: Method, wanted: GraphSettings
) -> None:
    shape, ids = Shape(family, layers=3, window=4), tokens(N)
    exact = build_raw_graph(build_model(shape), ids, PAIR, wanted, PassSettings(method))
    for dtype, tolerance in ((torch.float32, 1e-4), (torch.bfloat16, 0.3)):
        model = build_model(shape, dtype=dtype)
        assert_near(
            build_raw_graph(model, ids, PAIR, wanted, PassSettings(method)), exact, tolerance
        )


@families
@ruled
@pytest.mark.parametrize("wanted", STAGES)
def test_eager_and_sdpa_models_give_the_same_graph(
    family: str, method: Method, wanted: GraphSettings
) -> None:
    model, ids = build_model(Shape(family, layers=3, window=4)), tokens(N)
    graphs = []
    for name in ("eager", "sdpa"):
        model.set_attn_implementation(name)
        graphs.append(build_raw_graph(model, ids, PAIR, wanted, PassSettings(method)))
    assert np.array_equal(graphs[0].relevance, graphs[1].relevance)
    for a, b in zip(graphs[0].transitions, graphs[1].transitions, strict=True):
        assert np.array_equal(dense(a), dense(b))


@families
def test_all_neighbouring_edges_take_one_forward_and_one_backward(family: str) -> None:
    never = GiveUp(after=0)
    model = build_model(Shape(family, layers=3))
    build_raw_graph(
        model,
        tokens(N),
        PAIR,
        GraphSettings(midpoints=True),
        PassSettings(checkpoint=never),
    )
    assert never.calls == 2 * 3  # once a layer each way

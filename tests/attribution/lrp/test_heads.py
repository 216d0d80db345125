"""The split of an edge over heads and ways, against passes in which only one of them is open."""

import numpy as np
import pytest

from attribution.graphs.raw import RawTransition
from attribution.lrp.graph import GraphSettings, build_raw_graph
from attribution.lrp.objective import Objective
from attribution.lrp.settings import Method, PassSettings
from tests.attribution.lrp.reference import attention_edges
from tests.attribution.lrp.tiny import FAMILIES, Shape, tokens
from tests.attribution.lrp.tiny import build as build_model
from tests.attribution.lrp.traced import states_of

PAIR = Objective(3, 5)
N, HEADS, LAYERS, WAYS = 8, 4, 2, 3


def shares(transition: RawTransition) -> np.ndarray:
    """(heads, ways, targets, sources)."""
    found = np.zeros((HEADS, WAYS, N, N))
    for row, values in enumerate(transition.head_values):
        edge = transition.head_edges[row]
        target, source = transition.targets[edge], transition.sources[edge]
        found[transition.head_numbers[row], :, target, source] = values
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_each_head_and_way_is_what_passes_with_all_others_shut(family: str) -> None:
    model, ids = build_model(Shape(family, layers=LAYERS, window=4)), tokens(N)
    states = states_of(model, ids, PAIR, Method.ATTNLRP)
    graph = build_raw_graph(model, ids, PAIR, GraphSettings())
    for layer, transition in enumerate(graph.transitions):
        assert set(transition.head_layers) == {layer}
        ends = states[2 * layer][0], states[2 * layer + 1][1]
        wanted = np.stack(
            [
                np.stack([attention_edges(model, layer, ends, head, way) for way in range(WAYS)])
                for head in range(HEADS)
            ]
        )
        scale = np.abs(wanted).max()
        assert np.abs(shares(transition) - wanted).max() <= 1e-12 * scale


@pytest.mark.parametrize("family", FAMILIES)
def test_cplrp_flows_through_values_alone(family: str) -> None:
    graph = build_raw_graph(
        build_model(Shape(family)),
        tokens(N),
        PAIR,
        GraphSettings(),
        PassSettings(Method.CPLRP),
    )
    for transition in graph.transitions:
        assert transition.head_values[:, 0].any()
        assert not transition.head_values[:, 1:].any()


def test_the_strongest_edges_are_those_that_are_split() -> None:
    model, ids = build_model(Shape("qwen2")), tokens(N)
    whole, few = (
        build_raw_graph(model, ids, PAIR, GraphSettings(with_heads=headed)) for headed in (N * N, 5)
    )
    for full, part in zip(whole.transitions, few.transitions, strict=True):
        strongest = np.argsort(-np.abs(full.weights))[:5]
        assert set(part.head_edges) == set(strongest)
        chosen = np.isin(full.head_edges, strongest)
        assert np.allclose(part.head_values, full.head_values[chosen], rtol=1e-12, atol=1e-14)


def test_tiles_do_not_change_the_split(monkeypatch: pytest.MonkeyPatch) -> None:
    model, ids = build_model(Shape("qwen3", window=4)), tokens(N)
    whole = build_raw_graph(model, ids, PAIR, GraphSettings())
    monkeypatch.setattr("attribution.lrp.closed_form.TILE", HEADS * N * 3)  # three rows at a time
    for a, b in zip(
        whole.transitions,
        build_raw_graph(model, ids, PAIR, GraphSettings()).transitions,
        strict=True,
    ):
        assert np.allclose(shares(a), shares(b), rtol=1e-12, atol=1e-14)

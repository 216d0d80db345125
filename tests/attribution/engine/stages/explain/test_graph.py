"""The graph of one pair in a tiny model, as the engine asks for it."""

import math
import re
from functools import partial
from typing import Any

import pytest
from attrs import evolve
from transformers import BloomConfig, BloomForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from attribution.engine.stages.explain import attribute
from attribution.engine.stages.explain.case import Case, check_model
from attribution.engine.stages.explain.graph import build_graph, check_request
from attribution.errors import InvalidRequest, UnsupportedModel
from attribution.lrp.objective import ObjectiveKind
from attribution.lrp.refine import refine
from attribution.lrp.settings import Method
from attribution.schema import AttributionGraph, ExplainRequest, NodeKind
from tests.attribution.cases import EVERYTHING, against, case_of, job, last_logits


@pytest.fixture(scope="module")
def case(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> Case:
    return case_of(model, tokenizer)


def handed(graph: AttributionGraph) -> list[float]:
    """Σ weight of the in-edges of every node."""
    found = [0.0] * len(graph.nodes)
    for edge in graph.edges:
        found[edge.target] += edge.weight
    return found


def token_places(graph: AttributionGraph) -> set[tuple[int, int]]:
    return {(n.stage, n.token) for n in graph.nodes if n.kind is NodeKind.TOKEN}


def edge_weights(graph: AttributionGraph) -> dict[tuple[tuple[int, int], ...], float]:
    """Of the edges between tokens, by (stage, token) of their ends."""
    found: dict[tuple[tuple[int, int], ...], float] = {}
    for edge in graph.edges:
        source, target = graph.nodes[edge.source], graph.nodes[edge.target]
        if source.kind is NodeKind.TOKEN:
            found[(source.stage, source.token), (target.stage, target.token)] = edge.weight
    return found


def assert_edges_account(graph: AttributionGraph) -> None:
    """Where nothing is pruned, the in-edges of a node are its relevance."""
    sums = handed(graph)
    upper = [
        k for k, node in enumerate(graph.nodes) if node.kind is NodeKind.TOKEN and node.stage > 0
    ]
    assert upper
    for k in upper:
        assert sums[k] == pytest.approx(graph.nodes[k].relevance, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("kind", list(ObjectiveKind))
@pytest.mark.parametrize("method", [Method.ATTNLRP, Method.CPLRP])
def test_a_whole_graph_accounts_for_every_node(
    case: Case, method: Method, kind: ObjectiveKind
) -> None:
    case = evolve(case, method=method, kind=kind)
    graph = build_graph(case, EVERYTHING, job())
    assert graph.pruning.nodes == graph.pruning.all_nodes == 3 * case.pair.position
    assert graph.pruning.edges == graph.pruning.all_edges
    assert graph.pruning.kept_mass == pytest.approx(1.0)
    assert_edges_account(graph)


@pytest.mark.parametrize("midpoints", [False, True])
@pytest.mark.parametrize("layers", [None, (0,), (1,), ()])
def test_stages_are_as_asked_and_account_for_their_nodes(
    case: Case, layers: tuple[int, ...] | None, midpoints: bool
) -> None:
    graph = build_graph(case, evolve(EVERYTHING, layers=layers, midpoints=midpoints), job())
    ends = {0, 1} if layers is None or 0 in layers else {1}
    names = ["embedding"]
    for layer in sorted(ends):
        if midpoints and layer - 1 in {-1, *ends}:
            names.append(f"{layer}.attention")
        names.append(f"{layer}.mlp")
    assert list(graph.stages) == names
    assert_edges_account(graph)


def test_a_graph_and_the_relevance_agree(case: Case) -> None:
    graph = build_graph(case, EVERYTHING, job())
    found = attribute.relevance(case, job())
    assert graph.relevance[0] == pytest.approx(found.relevance)
    assert graph.logit_diff == pytest.approx(found.logit_diff)
    assert graph.relevance[-1][-1] == pytest.approx(found.logit_diff)
    assert (graph.method, graph.objective, graph.pair) == ("attnlrp", "contrast", case.pair)


def test_pruning_by_mass_keeps_the_share_that_is_asked_for(case: Case) -> None:
    for mass in (0.5, 0.9, 0.97, 0.99, 1.0):
        graph = build_graph(case, evolve(EVERYTHING, mass=mass), job())
        assert all(share >= mass - 0.02 for share in graph.pruning.kept_mass_per_transition)
    assert graph.pruning.kept_mass == pytest.approx(1.0)


def test_an_edge_threshold_takes_the_place_of_mass(case: Case) -> None:
    whole = build_graph(case, EVERYTHING, job())
    for threshold in (0.0, 1e-6, 0.05):
        request = evolve(EVERYTHING, mass=0.01, edge_threshold=threshold)
        graph = build_graph(case, request, job())
        least = threshold * abs(graph.logit_diff)
        expected = {
            ends: weight for ends, weight in edge_weights(whole).items() if abs(weight) >= least
        }
        assert edge_weights(graph) == pytest.approx(expected)


def close_call(case: Case, kind: ObjectiveKind) -> Case:
    """Against a contrast that the model likes nearly as much: Δℓ of the pair is small."""
    order = last_logits(case).argsort().tolist()
    return evolve(against(case, order[order.index(case.pair.target.id) - 1]), kind=kind)


@pytest.mark.parametrize("kind", list(ObjectiveKind))
def test_an_absolute_threshold_is_in_logit_units(case: Case, kind: ObjectiveKind) -> None:
    """Weaker nodes go, whatever Δℓ of the pair is; the others keep all edges between them."""
    case = close_call(case, kind)
    whole = build_graph(case, EVERYTHING, job())
    sizes = sorted(abs(node.relevance) for node in whole.nodes if node.kind is NodeKind.TOKEN)
    middle = len(sizes) // 2
    threshold = (sizes[middle - 1] + sizes[middle]) / 2
    request = evolve(EVERYTHING, node_threshold=threshold, relative=False)
    graph = build_graph(case, request, job())
    explained = (len(graph.stages) - 1, case.pair.position - 1)  # stays, however weak
    strong = {
        place
        for node in whole.nodes
        if (place := (node.stage, node.token)) == explained or abs(node.relevance) >= threshold
        if node.kind is NodeKind.TOKEN
    }
    assert token_places(graph) == strong
    expected = {
        ends: weight for ends, weight in edge_weights(whole).items() if strong.issuperset(ends)
    }
    assert edge_weights(graph) == pytest.approx(expected)


def test_influence_and_reach_leave_less(case: Case) -> None:
    whole = build_graph(case, EVERYTHING, job()).pruning
    influenced = build_graph(case, evolve(EVERYTHING, influence=0.5), job()).pruning
    assert 0 < influenced.nodes < whole.nodes
    reached = build_graph(case, evolve(EVERYTHING, mass=0.5, reach=True), job()).pruning
    alone = build_graph(case, evolve(EVERYTHING, mass=0.5), job()).pruning
    assert 0 < reached.nodes < alone.nodes


def test_details_are_of_the_strongest_nodes(case: Case) -> None:
    for midpoints in (False, True):
        request = evolve(EVERYTHING, refine=5, midpoints=midpoints, node_threshold=0.01)
        graph = build_graph(case, request, job())
        tokens = [k for k, node in enumerate(graph.nodes) if node.kind is NodeKind.TOKEN]
        size = {k: abs(graph.nodes[k].relevance) for k in tokens}
        chosen = {detail.node for detail in graph.details}
        assert len(chosen) == 5
        assert min(size[k] for k in chosen) >= max(size[k] for k in tokens if k not in chosen)


def test_named_nodes_are_taken_apart_beside_the_strongest(case: Case) -> None:
    named = (("0.mlp", 3), ("embedding", 0), ("1.mlp", case.pair.position - 1))
    alone = build_graph(case, evolve(EVERYTHING, refine_at=named), job())
    places = [alone.nodes[detail.node] for detail in alone.details]
    assert {(alone.stages[node.stage], node.token) for node in places} == set(named)
    both = build_graph(case, evolve(EVERYTHING, refine=2, refine_at=named), job())
    strongest = build_graph(case, evolve(EVERYTHING, refine=2), job())
    assert {*strongest.details, *alone.details} == {*both.details}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"refine_at": (("0.attention", 1),)}, "no stage '0.attention'; it has embedding, 0.mlp"),
        ({"refine_at": (("2.mlp", 1),)}, "no stage '2.mlp'; it has embedding, 0.mlp, 1.mlp."),
        ({"refine_at": (("nowhere", 1),)}, "no stage 'nowhere'"),
        ({"refine_at": (("0.mlp", 1),), "layers": (1,)}, "it has embedding, 1.mlp."),
        ({"refine_at": (("0.mlp", 25),)}, "no token 25 before the target; there are 0 to 24."),
        ({"refine_at": (("0.mlp", -1),)}, "no token -1 before the target"),
    ],
)
def test_a_node_that_is_not_there_is_refused_before_the_graph(
    case: Case, change: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(f"{build_graph.__module__}.build_raw_graph")
    with pytest.raises(InvalidRequest, match=re.escape(said)):
        build_graph(case, evolve(EVERYTHING, **change), job())


def test_a_node_that_was_pruned_is_refused(case: Case) -> None:
    request = evolve(EVERYTHING, node_threshold=1e9, refine_at=(("0.mlp", 1),))
    with pytest.raises(InvalidRequest, match=r"Token 1 at 0\.mlp was pruned \(nodes above"):
        build_graph(case, request, job())


def test_dimensions_and_neurons_add_up(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all of them asked for, dimensions make the relevance of their node."""
    monkeypatch.setattr(f"{build_graph.__module__}.refine", partial(refine, top=64))
    graph = build_graph(case, evolve(EVERYTHING, refine=1000, midpoints=True), job())
    assert len(graph.details) == graph.pruning.nodes
    for detail in graph.details:
        node = graph.nodes[detail.node]
        total = sum(relevance for _, relevance in detail.dimensions)
        assert total == pytest.approx(node.relevance, abs=1e-9)
        ends_mlp = graph.stages[node.stage].endswith(".mlp")
        assert bool(detail.neurons) is ends_mlp
        assert sum(relevance for _, relevance in detail.neurons) == pytest.approx(
            detail.mlp, abs=1e-9
        )


def test_no_details_where_none_are_asked_for(case: Case) -> None:
    assert build_graph(case, EVERYTHING, job()).details == ()


@pytest.mark.parametrize("method", [Method.GRADIENT, Method.INTEGRATED])
def test_a_method_without_rules_has_no_graph(case: Case, method: Method) -> None:
    with pytest.raises(InvalidRequest, match=f"{method.value} has no edges"):
        build_graph(evolve(case, method=method), EVERYTHING, job())


@pytest.mark.parametrize("layer", [2, -1])
def test_a_layer_that_does_not_exist_is_named(case: Case, layer: int) -> None:
    with pytest.raises(InvalidRequest, match=f"no layer {layer}; the model has layers 0 to 1"):
        build_graph(case, evolve(EVERYTHING, layers=(0, layer)), job())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mass": 0.0}, "share of mass is 0.0"),
        ({"mass": 2.0}, "share of mass is 2.0"),
        ({"mass": math.nan}, "share of mass is nan"),
        ({"influence": 0.0}, "share of influence is 0.0"),
        ({"node_threshold": -1.0}, "node threshold is -1.0"),
        ({"edge_threshold": -0.5}, "edge threshold is -0.5"),
        ({"refine": -1}, "-1 nodes cannot be refined"),
        ({"explain": ExplainRequest("", method="gradient")}, "gradient has no edges"),
        ({"explain": ExplainRequest("", method="magic")}, "no method 'magic'"),
    ],
)
def test_what_makes_no_sense_in_any_model_is_known_without_one(
    change: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidRequest, match=re.escape(said)):
        check_request(evolve(EVERYTHING, **change))
    check_request(EVERYTHING)


def test_layers_are_checked_against_the_model(case: Case) -> None:
    for layers in (None, (), (0, 1)):
        check_model(case.loaded, layers)
    with pytest.raises(InvalidRequest, match="no layer 2; the model has layers 0 to 1"):
        check_model(case.loaded, (1, 2))


def test_a_model_without_rules_is_refused(case: Case) -> None:
    config = BloomConfig(vocab_size=8, hidden_size=8, n_layer=1, n_head=2)
    with pytest.raises(UnsupportedModel, match="Bloom"):
        check_model(evolve(case.loaded, model=BloomForCausalLM(config)), None)

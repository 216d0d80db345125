"""The assembled graph: nothing is lost without being counted."""

import numpy as np
import pytest

from attribution.graphs.build import assemble
from attribution.graphs.pruning import PruningPolicy, prune
from attribution.graphs.raw import RawGraph
from attribution.ipc import wire
from attribution.schema import AttributionGraph, NodeKind
from tests.attribution.graphs.random_graphs import pair_at, plain, random_raw

POLICIES = [
    PruningPolicy(),
    PruningPolicy(node_threshold=0.0, mass=None, reach=False),
    PruningPolicy(node_threshold=0.1, mass=0.5, influence=0.9),
]


def _graph(raw: RawGraph, policy: PruningPolicy) -> AttributionGraph:
    pair = pair_at(raw.relevance.shape[1], raw.logit_diff)
    return assemble(raw, policy, pair, "attnlrp", "contrast")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("seed", range(3))
def test_in_edges_and_what_was_pruned_make_the_relevance(seed: int, policy: PruningPolicy) -> None:
    raw = random_raw(seed)
    graph = _graph(raw, policy)
    _, kept_edges, _ = prune(raw, policy)
    handed = np.zeros(len(graph.nodes))
    for edge in graph.edges:
        handed[edge.target] += edge.weight
    for k, node in enumerate(graph.nodes):
        if node.kind is not NodeKind.TOKEN or node.stage == 0:
            continue
        edges = raw.transitions[node.stage - 1]
        pruned = ~kept_edges[node.stage - 1] & (edges.targets == node.token)
        lost = edges.weights[pruned].sum() + edges.rest[node.token]
        assert handed[k] + lost == pytest.approx(node.relevance, abs=1e-12)


@pytest.mark.parametrize("policy", POLICIES)
def test_edges_lead_from_one_stage_to_the_next(policy: PruningPolicy) -> None:
    graph = _graph(random_raw(5), policy)
    for edge in graph.edges:
        source, target = graph.nodes[edge.source], graph.nodes[edge.target]
        assert target.kind is NodeKind.TOKEN
        assert target.stage == source.stage + 1
        assert source.token <= target.token
    tokens = [node for node in graph.nodes if node.kind is NodeKind.TOKEN]
    assert len({(node.stage, node.token) for node in tokens}) == len(tokens) == graph.pruning.nodes
    assert all(graph.relevance[node.stage][node.token] == node.relevance for node in tokens)


def test_what_is_absorbed_has_nodes_of_its_own() -> None:
    raw = random_raw(6)
    graph = _graph(raw, PruningPolicy(node_threshold=0.05))
    kept, _, _ = prune(raw, PruningPolicy(node_threshold=0.05))
    for kind, field in ((NodeKind.LEAK, "leak"), (NodeKind.BIAS, "bias")):
        found = [node for node in graph.nodes if node.kind is kind]
        assert [node.stage for node in found] == list(range(len(raw.transitions)))
        for node in found:
            lost = getattr(raw.transitions[node.stage], field)[kept[node.stage + 1]]
            assert node.token == -1
            assert node.relevance == pytest.approx(lost.sum())


def test_nothing_absorbed_needs_no_node() -> None:
    relevance = np.array([[0.4, 0.6], [0.0, 1.0]])
    raw = RawGraph(("embedding", "0.mlp"), relevance, 1.0, (plain([1, 1], [0, 1], [0.4, 0.6], 2),))
    graph = _graph(raw, PruningPolicy(mass=1.0))
    assert {node.kind for node in graph.nodes} == {NodeKind.TOKEN}
    assert [edge.weight for edge in graph.edges] == [0.4, 0.6]
    assert len(graph.measures) == 1
    assert graph.measures[0].connectivity == 1


def test_heads_come_strongest_first_without_the_faint() -> None:
    values = np.array([[0.1, 0, 0], [0.3, -0.5, 0], [0.01, 0, 0], [0, 0, 0], [0.09, 0, 0.0]])
    edges = plain(
        [1, 1],
        [0, 1],
        [0.4, 0.6],
        2,
        head_layers=np.full(5, 3),
        head_edges=np.array([0, 0, 0, 1, 1]),
        head_numbers=np.array([4, 5, 6, 4, 5]),
        head_values=values,
    )
    relevance = np.array([[0.4, 0.6], [0.0, 1.0]])
    graph = _graph(
        RawGraph(("embedding", "3.mlp"), relevance, 1.0, (edges,)), PruningPolicy(mass=1.0)
    )
    first, second = graph.edges
    assert [(head.layer, head.head) for head in first.heads] == [(3, 5), (3, 4)]  # 6 is below 2 %
    assert (first.heads[0].value, first.heads[0].key) == (0.3, -0.5)
    assert [head.head for head in second.heads] == [5]


def test_heads_stay_with_their_edge_when_others_are_pruned() -> None:
    raw = random_raw(7)
    graph = _graph(raw, PruningPolicy(node_threshold=0.05, mass=0.5))
    split = [edge for edge in graph.edges if edge.heads]
    assert split
    for edge in split:
        target = graph.nodes[edge.target]
        transition = raw.transitions[target.stage - 1]
        (row,) = np.flatnonzero(
            (transition.targets == target.token)
            & (transition.sources == graph.nodes[edge.source].token)
        )
        for head in edge.heads:
            (mine,) = np.flatnonzero(
                (transition.head_edges == row) & (transition.head_numbers == head.head)
            )
            assert transition.head_values[mine].tolist() == [head.value, head.key, head.query]
            assert head.layer == target.stage - 1


def test_a_graph_travels_over_the_wire() -> None:
    """No numpy scalar is left in it."""
    graph = _graph(random_raw(8), PruningPolicy(node_threshold=0.02))
    assert wire.unpack(wire.pack(graph), AttributionGraph) == graph

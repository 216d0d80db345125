"""The files: JSON that stands alone, GraphML that other tools read."""

import io
import json

import networkx as nx
import pytest

from attribution.graphs.build import assemble
from attribution.graphs.export import to_json
from attribution.graphs.graphml import to_graphml
from attribution.graphs.pruning import PruningPolicy
from attribution.schema import AttributionGraph, Generation, NodeKind
from tests.attribution.graphs.random_graphs import generation_of, pair_at, random_raw

# Control characters, XML's own, a line separator, an astral character, and half of one.
TEXTS = ["<s>", "a\x00\x1b[31m", "</script>&\"'", "\r\n\t ", "\u2028é😀", "\ud83d\uffff"]


@pytest.fixture
def generation() -> Generation:
    return generation_of(TEXTS)


@pytest.fixture
def graph() -> AttributionGraph:
    raw = random_raw(3)
    return assemble(raw, PruningPolicy(0.03), pair_at(6, raw.logit_diff), "attnlrp", "contrast")


def test_json_stands_alone(graph: AttributionGraph, generation: Generation) -> None:
    written = json.loads(json.dumps(to_json(graph, generation), allow_nan=False))
    assert (written["format"], written["version"]) == ("tokenblame-graph", 1)
    assert [token["text"] for token in written["tokens"]] == TEXTS
    assert [token["index"] for token in written["tokens"]] == list(range(6))
    assert written["tokens"][0]["role"] == "template"
    assert written["pair"]["target"] == {"id": 7, "text": " return", "rank": 1}
    assert written["pair"]["origin"] == "verified"
    assert len(written["relevance"]) == len(written["stages"]) == 4
    whole = written["completeness"]
    assert whole["sum"] + whole["absorbed"] == pytest.approx(graph.logit_diff)


def test_json_has_every_node_and_edge(graph: AttributionGraph, generation: Generation) -> None:
    written = json.loads(json.dumps(to_json(graph, generation)))
    assert [node["kind"] for node in written["nodes"]] == [str(node.kind) for node in graph.nodes]
    edges = zip(written["edges"], graph.edges, strict=True)
    for edge, original in edges:
        assert (edge["source"], edge["target"]) == (original.source, original.target)
        assert edge["weight"] == original.weight
        assert [head["key"] for head in edge["heads"]] == [head.key for head in original.heads]
    assert written["pruning"]["nodes"] == graph.pruning.nodes
    assert len(written["measures"]) == 3


def test_graphml_comes_back_as_it_was(graph: AttributionGraph, generation: Generation) -> None:
    document = to_graphml(graph, generation)
    read = nx.read_graphml(io.BytesIO(document.encode()))
    assert read.is_directed()
    assert list(read.nodes) == [f"n{k}" for k in range(len(graph.nodes))]
    assert read.number_of_edges() == len(graph.edges)
    for node, fields in zip(graph.nodes, read.nodes.values(), strict=True):
        assert fields["kind"] == node.kind
        assert (fields["stage"], fields["token"]) == (node.stage, node.token)
        assert fields["relevance"] == node.relevance
        assert fields["stage_name"] == graph.stages[node.stage]
    for edge in graph.edges:
        fields = read.edges[f"n{edge.source}", f"n{edge.target}"]
        assert (fields["weight"], fields["direct"]) == (edge.weight, edge.direct)
        heads = [(h["layer"], h["head"], h["value"]) for h in json.loads(fields["heads"])]
        assert heads == [(h.layer, h.head, h.value) for h in edge.heads]
    assert read.graph["logit_diff"] == graph.logit_diff
    assert read.graph["target"] == " return"


def test_graphml_shows_what_xml_cannot_hold(
    graph: AttributionGraph, generation: Generation
) -> None:
    read = nx.read_graphml(io.BytesIO(to_graphml(graph, generation).encode()))
    texts = {fields["token"]: fields.get("text") for fields in read.nodes.values()}
    shown = ["<s>", "a␀␛[31m", "</script>&\"'", "␍\n\t ", "\u2028é😀", "\ufffd\ufffd"]
    kept = {node.token for node in graph.nodes if node.kind is NodeKind.TOKEN}
    assert {token: texts[token] for token in kept} == {token: shown[token] for token in kept}
    assert kept == set(range(6))

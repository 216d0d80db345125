"""A graph as GraphML, for networkx, Gephi, yEd."""

import json
from typing import Any

import networkx as nx
from attrs import asdict

from attribution.graphs.export import FORMAT, VERSION
from attribution.schema import AttributionGraph, Generation, GraphNode, NodeKind

# XML 1.0 has no way to write these, not even escaped; a bare \r would be read as \n. Control
# characters become their pictures, as in terminal.py, the others U+FFFD.
_NO_XML = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
_NO_XML |= dict.fromkeys((*range(0xD800, 0xE000), 0xFFFE, 0xFFFF), 0xFFFD)


def to_graphml(graph: AttributionGraph, generation: Generation) -> str:
    """A GraphML document: nodes n0, n1, … in the graph's order, edges from source to target.

    Relevance flows against the edges, which point the way the model computes. What nests (the
    heads of an edge) is written as JSON in a string.
    """
    drawn = nx.DiGraph(**_header(graph, generation))
    for index, node in enumerate(graph.nodes):
        drawn.add_node(f"n{index}", **_node(node, graph, generation))
    for edge in graph.edges:
        heads = json.dumps([asdict(head) for head in edge.heads])
        drawn.add_edge(
            f"n{edge.source}",
            f"n{edge.target}",
            weight=edge.weight,
            direct=edge.direct,
            heads=heads,
        )
    return "\n".join(nx.generate_graphml(drawn)) + "\n"


def _header(graph: AttributionGraph, generation: Generation) -> dict[str, Any]:
    pair = graph.pair
    return {
        "format": FORMAT,
        "version": VERSION,
        "task_id": _xml(generation.task_id),
        "model": _xml(generation.model),
        "method": graph.method,
        "objective": graph.objective,
        "logit_diff": graph.logit_diff,
        "position": pair.position,
        "target": _xml(pair.target.text),
        "contrast": _xml(pair.contrast.text),
        "pruning": graph.pruning.policy,
    }


def _node(node: GraphNode, graph: AttributionGraph, generation: Generation) -> dict[str, Any]:
    stage = graph.stages[node.stage]
    fields = {
        "kind": node.kind.value,
        "stage": node.stage,
        "stage_name": stage,
        "token": node.token,
        "relevance": node.relevance,
    }
    if node.kind is not NodeKind.TOKEN:
        return {"label": f"{node.kind.value} {stage}", **fields}
    token = generation.tokens[node.token]
    text = _xml(token.text)
    return {"label": f"{text} {stage}", **fields, "text": text, "role": token.role.value}


def _xml(text: str) -> str:
    return text.translate(_NO_XML)

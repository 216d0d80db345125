"""A graph as a file that stands alone: JSON with everything in it, and GraphML for other tools.

The JSON object (`"format": "tokenblame-graph"`, `"version": 1`; a change that readers must know of
raises the version):

    task_id, model, fingerprint, form, retokenized    what was explained
    method, objective, logit_diff                     how; Δℓ in logit units
    pair          position, target {id, text, rank}, contrast {…}, logit_diff, origin,
                  repaired_program
    tokens        [{index, id, text, document, start, end, role}]: those before the target; spans
                  are half-open, in code points of their document
    stages        names, from the embedding up
    relevance     [stage][token], of all nodes, also of those that were pruned
    completeness  sum (Σ of the embedding's relevance), absorbed (Δℓ − sum: all that softmaxes and
                  biases take, also on paths that were pruned)
    nodes         [{kind, stage, token, relevance}]; token −1 and the source stage of their
                  transition for a leak or bias
    edges         [{source, target, weight, direct, heads [{layer, head, value, key, query}]}];
                  source and target index the nodes, relevance flows from target to source
    pruning, measures, details    as in attribution/schema/graphs.py
"""

import json
from typing import Any

import networkx as nx
from attrs import asdict

from attribution.schema import AttributionGraph, Generation, GraphNode, NodeKind

FORMAT = "tokenblame-graph"
VERSION = 1

# XML 1.0 has no way to write these, not even escaped; a bare \r would be read as \n. Control
# characters become their pictures, as in terminal.py, the others U+FFFD.
_NO_XML = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
_NO_XML |= dict.fromkeys((*range(0xD800, 0xE000), 0xFFFE, 0xFFFF), 0xFFFD)


def to_json(graph: AttributionGraph, generation: Generation) -> dict[str, Any]:
    """The documented JSON; `generation` is what the graph explains."""
    total = sum(graph.relevance[0])
    return {
        "format": FORMAT,
        "version": VERSION,
        "task_id": generation.task_id,
        "model": generation.model,
        "fingerprint": generation.fingerprint,
        "form": generation.form.value,
        "retokenized": generation.retokenized,
        **_graph(graph),
        "tokens": _tokens(graph, generation),
        "completeness": {"sum": total, "absorbed": graph.logit_diff - total},
    }


def _graph(graph: AttributionGraph) -> dict[str, Any]:
    """All fields of the graph, by their names in the schema."""
    fields: dict[str, Any] = asdict(graph, value_serializer=_plain)
    return fields


def _plain(_owner: object, _field: object, value: Any) -> Any:
    """Enumerations are written as what they are called."""
    return value.value if isinstance(value, NodeKind) else value


def _tokens(graph: AttributionGraph, generation: Generation) -> list[dict[str, Any]]:
    seen = generation.tokens[: len(graph.relevance[0])]
    return [
        {
            "index": index,
            "id": token.id,
            "text": token.text,
            "document": token.document.value,
            "start": token.start,
            "end": token.end,
            "role": token.role.value,
        }
        for index, token in enumerate(seen)
    ]


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
    known = {
        "kind": node.kind.value,
        "stage": node.stage,
        "stage_name": stage,
        "token": node.token,
        "relevance": node.relevance,
    }
    if node.kind is not NodeKind.TOKEN:
        return {"label": f"{node.kind.value} {stage}", **known}
    token = generation.tokens[node.token]
    text = _xml(token.text)
    return {"label": f"{text} {stage}", **known, "text": text, "role": token.role.value}


def _xml(text: str) -> str:
    return text.translate(_NO_XML)

"""A graph as JSON that stands alone: everything is in it.

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

from typing import Any

from attrs import asdict

from attribution.schema import AttributionGraph, Generation, NodeKind

FORMAT = "tokenblame-graph"
VERSION = 1


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

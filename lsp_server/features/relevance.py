"""The payload of `tokenblame/relevance`, for clients that paint the heat map themselves."""

from collections.abc import Iterable
from typing import Any

from attribution.schema import Document
from lsp_server.documents.snapshot import RelatedDocument, Snapshot
from lsp_server.protocol.positions import LineIndex, Span
from lsp_server.state.editor_view import EditorView
from lsp_server.state.explanation import Explanation
from lsp_server.state.heat_map import HeatSpan

Json = dict[str, Any]


def nothing_relevant(snapshot: Snapshot, state: str, task_id: str | None) -> Json:
    """The payload of `tokenblame/relevance` that takes all colours away."""
    return {
        "uri": snapshot.uri,
        "version": snapshot.version,
        "state": state,
        "taskId": task_id,
        "scale": 0.0,
        "logitDiff": None,
        "spans": [],
        "pair": None,
        "completeness": None,
        "promptUri": None,
        "promptText": None,
        "promptSpans": [],
    }


def to_relevance(
    snapshot: Snapshot,
    view: EditorView,
    explanation: Explanation,
    task_id: str | None,
    prompt_place: RelatedDocument | None = None,
) -> Json:
    """The payload of `tokenblame/relevance`: what is known so far.

    `prompt_place` is where the prompt can be seen, if it is a document of its own.
    """
    payload = nothing_relevant(snapshot, "computed", task_id)
    if explanation.pair is not None and view.pair_span is not None:
        payload["logitDiff"] = explanation.pair.logit_diff
        payload["pair"] = _pair(snapshot, view, view.pair_span, explanation)
    if (heat := view.heat_map) is None or explanation.attribution is None:
        return payload
    payload["scale"] = heat.scale
    payload["promptUri"] = prompt_place.uri if prompt_place else None
    payload["spans"] = _spans(snapshot.lines, heat.code)
    payload["completeness"] = {
        "sum": explanation.attribution.sum,
        "leak": explanation.attribution.leak,
        "bias": explanation.attribution.bias,
    }
    prompt = heat.of(Document.PROMPT)
    if prompt and explanation.generation is not None:
        lines = LineIndex(explanation.generation.prompt, snapshot.encoding)
        payload["promptText"] = explanation.generation.prompt
        payload["promptSpans"] = _spans(lines, prompt)
    return payload


def _pair(
    snapshot: Snapshot, view: EditorView, span: Span, explanation: Explanation
) -> Json | None:
    if (pair := explanation.pair) is None:
        return None
    return {
        "range": to_json_range(snapshot.lines, span),
        "target": pair.target.text,
        "contrast": pair.contrast.text,
        "contrastRank": pair.contrast.rank,
        "logitDiff": pair.logit_diff,
        "origin": pair.origin.value,
        "weak": view.weak,
    }


def _spans(lines: LineIndex, spans: Iterable[HeatSpan]) -> list[Json]:
    return [
        {
            "range": to_json_range(lines, one.span),
            "relevance": one.relevance,
            "value": one.value,
            "role": one.role.value,
        }
        for one in spans
    ]


def to_json_range(lines: LineIndex, span: Span) -> Json:
    """A range of LSP."""
    start, end = lines.position(span.start), lines.position(span.end)
    return {
        "start": {"line": start[0], "character": start[1]},
        "end": {"line": end[0], "character": end[1]},
    }

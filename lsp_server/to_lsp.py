"""From views to what travels over LSP; the only place where offsets become positions."""

from collections.abc import Iterable
from typing import Any

from lsprotocol import types as lsp

from attribution.schema import Document, Generation
from lsp_server import words
from lsp_server.documents import Snapshot
from lsp_server.explanation import Explanation
from lsp_server.hover import Hover
from lsp_server.positions import LineIndex
from lsp_server.views import EditorView, Finding, HeatSpan, Severity, Span

SOURCE = "tokenblame"

_SEVERITY = {
    Severity.ERROR: lsp.DiagnosticSeverity.Error,
    Severity.INFORMATION: lsp.DiagnosticSeverity.Information,
}

Json = dict[str, Any]


def to_range(lines: LineIndex, span: Span) -> lsp.Range:
    start, end = lines.position(span.start), lines.position(span.end)
    return lsp.Range(lsp.Position(*start), lsp.Position(*end))


def to_diagnostics(
    snapshot: Snapshot, view: EditorView, *, related: bool
) -> lsp.PublishDiagnosticsParams:
    """All diagnostics of one version; `related` where the client shows related information."""
    return lsp.PublishDiagnosticsParams(
        uri=snapshot.uri,
        version=snapshot.version,
        diagnostics=[_to_diagnostic(snapshot, finding, related) for finding in view.findings],
    )


def _to_diagnostic(snapshot: Snapshot, finding: Finding, related: bool) -> lsp.Diagnostic:
    notes = [
        lsp.DiagnosticRelatedInformation(
            location=lsp.Location(snapshot.uri, to_range(snapshot.lines, note.span)),
            message=note.message,
        )
        for note in finding.notes
    ]
    return lsp.Diagnostic(
        range=to_range(snapshot.lines, finding.span),
        message=finding.message,
        severity=_SEVERITY[finding.severity],
        code=finding.code,
        source=SOURCE,
        related_information=notes if related and notes else None,
    )


def to_hover(snapshot: Snapshot, hover: Hover) -> lsp.Hover:
    return lsp.Hover(
        contents=lsp.MarkupContent(lsp.MarkupKind.Markdown, hover.markdown),
        range=to_range(snapshot.lines, hover.span),
    )


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
        "promptText": None,
        "promptSpans": [],
    }


def to_relevance(
    snapshot: Snapshot, view: EditorView, explanation: Explanation, task_id: str | None
) -> Json:
    """The payload of `tokenblame/relevance`: what is known so far."""
    payload = nothing_relevant(snapshot, "computed", task_id)
    if explanation.pair is not None and view.pair_span is not None:
        payload["logitDiff"] = explanation.pair.logit_diff
        payload["pair"] = _pair(snapshot, view.pair_span, explanation)
    if (heat := view.heat) is None or explanation.attribution is None:
        return payload
    payload["scale"] = heat.scale
    payload["spans"] = _spans(snapshot.lines, heat.of(Document.CODE))
    payload["completeness"] = {
        "sum": explanation.attribution.sum,
        "leak": explanation.attribution.leak,
        "bias": explanation.attribution.bias,
    }
    prompt = heat.of(Document.PROMPT)
    if prompt and isinstance(explanation.generation, Generation):
        lines = LineIndex(explanation.generation.prompt, snapshot.encoding)
        payload["promptText"] = explanation.generation.prompt
        payload["promptSpans"] = _spans(lines, prompt)
    return payload


def _pair(snapshot: Snapshot, span: Span, explanation: Explanation) -> Json | None:
    if (pair := explanation.pair) is None:
        return None
    return {
        "range": _range(snapshot.lines, span),
        "target": pair.target.text,
        "contrast": pair.contrast.text,
        "contrastRank": pair.contrast.rank,
        "logitDiff": pair.logit_diff,
        "origin": pair.origin.value,
        "weak": pair.logit_diff < words.WEAK,
    }


def _spans(lines: LineIndex, spans: Iterable[HeatSpan]) -> list[Json]:
    return [
        {
            "range": _range(lines, one.span),
            "relevance": one.relevance,
            "value": one.value,
            "role": one.role.value,
        }
        for one in spans
    ]


def _range(lines: LineIndex, span: Span) -> Json:
    start, end = lines.position(span.start), lines.position(span.end)
    return {
        "start": {"line": start[0], "character": start[1]},
        "end": {"line": end[0], "character": end[1]},
    }

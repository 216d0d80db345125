"""The heat map for clients that paint it themselves (`tokenblame/relevance`)."""

from collections.abc import Iterable

from attrs import evolve
from lsprotocol import types as lsp

from attribution.schema import Document
from lsp_server.documents.snapshot import RelatedDocument, Snapshot
from lsp_server.protocol.messages import (
    Completeness,
    Relevance,
    RelevancePair,
    RelevanceSpan,
    RelevanceState,
)
from lsp_server.protocol.positions import LineIndex, Span
from lsp_server.state.editor_view import EditorView
from lsp_server.state.explanation import Explanation
from lsp_server.state.heat_map import HeatSpan


def nothing_relevant(snapshot: Snapshot, state: RelevanceState, task_id: str | None) -> Relevance:
    """What takes all colours away."""
    return Relevance(snapshot.uri, snapshot.version, state, task_id)


def to_relevance(
    snapshot: Snapshot,
    view: EditorView,
    explanation: Explanation,
    task_id: str | None,
    prompt_place: RelatedDocument | None = None,
) -> Relevance:
    """What is known so far.

    `prompt_place` is where the prompt can be seen, if it is a document of its own.
    """
    message = nothing_relevant(snapshot, RelevanceState.COMPUTED, task_id)
    if (pair := explanation.pair) is not None and view.pair_span is not None:
        shown = RelevancePair(
            range=to_range(snapshot.lines, view.pair_span),
            target=pair.target.text,
            contrast=pair.contrast.text,
            contrast_rank=pair.contrast.rank,
            logit_diff=pair.logit_diff,
            origin=pair.origin,
            weak=view.weak,
        )
        message = evolve(message, logit_diff=pair.logit_diff, pair=shown)
    if (heat := view.heat_map) is None or (attribution := explanation.attribution) is None:
        return message
    message = evolve(
        message,
        scale=heat.scale,
        prompt_uri=prompt_place.uri if prompt_place else None,
        spans=_spans(snapshot.lines, heat.code),
        completeness=Completeness(attribution.sum, attribution.leak, attribution.bias),
    )
    prompt = heat.of(Document.PROMPT)
    if not prompt or explanation.generation is None:
        return message
    text = explanation.generation.prompt
    spans = _spans(LineIndex(text, snapshot.encoding), prompt)
    return evolve(message, prompt_text=text, prompt_spans=spans)


def _spans(lines: LineIndex, spans: Iterable[HeatSpan]) -> tuple[RelevanceSpan, ...]:
    return tuple(
        RelevanceSpan(to_range(lines, heat.span), heat.relevance, heat.value, heat.role)
        for heat in spans
    )


def to_range(lines: LineIndex, span: Span) -> lsp.Range:
    """A range of LSP."""
    start, end = lines.position(span.start), lines.position(span.end)
    return lsp.Range(lsp.Position(*start), lsp.Position(*end))

"""Document symbols: the segments of a sample, with the relevance that each of them gathers."""

from attrs import frozen

from attribution.schema import Document, Generation, Role
from lsp_server.documents.outline import (
    Kind,
    Segment,
    prompt_segments,
    segments,
    within,
    written_by_model,
)
from lsp_server.documents.store import Snapshot
from lsp_server.protocol.positions import Span
from lsp_server.state import wording
from lsp_server.state.session import Session
from lsp_server.state.views import Heat


@frozen
class Symbol:
    name: str
    kind: Kind
    span: Span
    detail: str | None = None
    children: tuple["Symbol", ...] = ()


def symbols(snapshot: Snapshot, session: Session) -> list[Symbol]:
    """Segments; below prompt and output once it is known which is which."""
    parts = segments(snapshot.text)
    generation, heat = session.explanation.generation, session.view.heat
    if generation is None:
        return [_symbol(part, heat) for part in parts]
    return [
        Symbol(
            whole.name,
            whole.kind,
            whole.span,
            _detail(whole.span, heat),
            tuple(_symbol(part, heat) for part in within(parts, whole.span)),
        )
        for whole in _halves(snapshot, generation)
    ]


def prompt_symbols(session: Session) -> list[Symbol]:
    """Of the prompt where it is a document of its own."""
    generation, heat = session.explanation.generation, session.view.heat
    parts = prompt_segments(generation) if generation else []
    return [_symbol(part, heat, Document.PROMPT) for part in parts]


def _halves(snapshot: Snapshot, generation: Generation) -> list[Segment]:
    """What the model read and what it wrote, where both are in this document."""
    written = written_by_model(generation)
    start = written.start if written else len(snapshot.text)
    halves = [
        Segment("Prompt", Kind.PROMPT, Span(0, start)),
        Segment("Written by the model", Kind.WRITTEN, Span(start, len(snapshot.text))),
    ]
    return [half for half in halves if half.span.start < half.span.end]


def _symbol(part: Segment, heat: Heat | None, where: Document = Document.CODE) -> Symbol:
    name = f"{part.name[:1].upper()}{part.name[1:]}"
    return Symbol(name, part.kind, part.span, _detail(part.span, heat, where))


def _detail(span: Span, heat: Heat | None, where: Document = Document.CODE) -> str | None:
    """The relevance of a segment's tokens, and its share without signs."""
    if heat is None or not heat.total:
        return None
    inside = [
        one.relevance
        for one in heat.of(where)
        if one.role is not Role.TEMPLATE and span.start <= one.span.start < span.end
    ]
    share = sum(map(abs, inside)) / heat.total
    return f"relevance {wording.signed(sum(inside))}, {share:.0%} of all" if inside else None

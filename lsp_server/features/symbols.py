"""Document symbols: the sections of a sample, with the relevance that each of them gathers."""

from attrs import frozen

from attribution.schema import Document, Generation, Role
from lsp_server.documents.outline import (
    Section,
    SectionKind,
    code_sections,
    prompt_sections,
    within,
    written_by_model,
)
from lsp_server.documents.snapshot import Snapshot
from lsp_server.protocol.positions import Span
from lsp_server.state import wording
from lsp_server.state.heat_map import HeatMap
from lsp_server.state.session import Session


@frozen
class Symbol:
    name: str
    kind: SectionKind
    span: Span
    detail: str | None = None
    children: tuple["Symbol", ...] = ()


def code_symbols(snapshot: Snapshot, session: Session) -> list[Symbol]:
    """Sections; below prompt and output once it is known which is which."""
    sections = code_sections(snapshot.text)
    generation, heat_map = session.explanation.generation, session.view.heat_map
    if generation is None:
        return [_symbol(section, heat_map) for section in sections]
    return [
        Symbol(
            half.name,
            half.kind,
            half.span,
            _detail(half.span, heat_map),
            tuple(_symbol(section, heat_map) for section in within(sections, half.span)),
        )
        for half in _halves(snapshot, generation)
    ]


def prompt_symbols(session: Session) -> list[Symbol]:
    """The sections of the prompt where it is a document of its own."""
    generation, heat_map = session.explanation.generation, session.view.heat_map
    sections = prompt_sections(generation) if generation else []
    return [_symbol(section, heat_map, Document.PROMPT) for section in sections]


def _halves(snapshot: Snapshot, generation: Generation) -> list[Section]:
    """What the model read and what it wrote, where both are in this document."""
    written = written_by_model(generation)
    start = written.start if written else len(snapshot.text)
    halves = [
        Section("Prompt", SectionKind.PROMPT, Span(0, start)),
        Section("Written by the model", SectionKind.WRITTEN, Span(start, len(snapshot.text))),
    ]
    return [half for half in halves if half.span.start < half.span.end]


def _symbol(
    section: Section, heat_map: HeatMap | None, document: Document = Document.CODE
) -> Symbol:
    name = f"{section.name[:1].upper()}{section.name[1:]}"
    return Symbol(name, section.kind, section.span, _detail(section.span, heat_map, document))


def _detail(span: Span, heat_map: HeatMap | None, document: Document = Document.CODE) -> str | None:
    """The relevance of a section's tokens, and its share without signs."""
    if heat_map is None or not heat_map.total:
        return None
    inside = [
        heat.relevance
        for heat in heat_map.of(document)
        if heat.role is not Role.TEMPLATE and span.start <= heat.span.start < span.end
    ]
    share = sum(map(abs, inside)) / heat_map.total
    return f"relevance {wording.signed(sum(inside))}, {share:.0%} of all" if inside else None

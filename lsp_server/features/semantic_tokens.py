"""The heat map for clients that do not paint it themselves: semantic tokens and inlay hints."""

import math
from collections.abc import Iterator

from attrs import frozen

from attribution.schema import Document
from lsp_server.documents.store import Snapshot
from lsp_server.protocol.positions import Span
from lsp_server.state import wording
from lsp_server.state.session import Session
from lsp_server.state.settings import Thresholds
from lsp_server.state.views import Heat

TOKEN_TYPE = "relevance"
_LEVELS = 3
MODIFIERS = tuple(f"{sign}{n}" for sign in ("pos", "neg") for n in range(1, _LEVELS + 1))
_FAINT = 0.05  # of the scale; a weaker token keeps the colour of its syntax


@frozen
class Hint:
    offset: int
    label: str
    tooltip: str


def hints(
    session: Session, thresholds: Thresholds, shown: Span, where: Document = Document.CODE
) -> list[Hint]:
    """Relevance behind the strongest tokens of the part that the client shows."""
    heat, pair = session.view.heat, session.explanation.pair
    if heat is None or pair is None:
        return []
    return [
        Hint(
            one.span.end,
            wording.signed(one.relevance),
            wording.push(pair, one.relevance, heat.total),
        )
        for one in sorted(heat.strongest(thresholds, (where,)), key=lambda one: one.span)
        if one.span.touches(shown)
    ]


def semantic_tokens(
    snapshot: Snapshot, heat: Heat | None, thresholds: Thresholds, where: Document = Document.CODE
) -> list[int]:
    """Five numbers per token, as LSP encodes them: relative to the token before."""
    data: list[int] = []
    line, character = 0, 0
    for (new_line, start), length, modifier in _painted(snapshot, heat, thresholds, where):
        if new_line != line:
            line, character, delta = new_line, 0, new_line - line
        else:
            delta = 0
        data += [delta, start - character, length, 0, 1 << modifier]
        character = start
    return data


def _painted(
    snapshot: Snapshot, heat: Heat | None, thresholds: Thresholds, where: Document
) -> Iterator[tuple[tuple[int, int], int, int]]:
    """Position, length and index of the modifier, in the order of the text."""
    if heat is None:
        return
    least = thresholds.share * heat.total
    spans = heat.of(where)
    strong = [one for one in spans if abs(one.value) >= _FAINT and abs(one.relevance) >= least]
    for one in sorted(strong, key=lambda one: one.span):
        level = math.ceil(abs(one.value) * _LEVELS) - 1
        modifier = level if one.value > 0 else _LEVELS + level
        for part in _lines(snapshot, one.span):
            start, end = map(snapshot.lines.position, part)
            yield start, end[1] - start[1], modifier


def _lines(snapshot: Snapshot, span: Span) -> Iterator[Span]:
    """The parts of a span on single lines; semantic tokens may not go over the end of one."""
    lines = snapshot.lines
    first, last = lines.position(span.start)[0], lines.position(span.end)[0]
    for number in range(first, last + 1):
        line = lines.span(number)
        part = Span(max(line.start, span.start), min(line.end, span.end))
        if part.start < part.end:
            yield part

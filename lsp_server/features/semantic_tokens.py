"""Semantic tokens: the heat map for clients that do not paint it themselves."""

import math
from collections.abc import Iterator

from attribution.schema import Document
from lsp_server.documents.snapshot import Snapshot
from lsp_server.protocol.positions import Position, Span
from lsp_server.state.heat_map import HeatMap
from lsp_server.state.settings import Thresholds

TOKEN_TYPE = "relevance"
_LEVELS = 3
MODIFIERS = tuple(f"{sign}{n}" for sign in ("pos", "neg") for n in range(1, _LEVELS + 1))
_FAINT = 0.05  # of the scale; a weaker token keeps the colour of its syntax


def semantic_tokens(
    snapshot: Snapshot,
    heat_map: HeatMap | None,
    thresholds: Thresholds,
    document: Document = Document.CODE,
) -> list[int]:
    """Five numbers per token, as LSP encodes them: relative to the token before."""
    if heat_map is None:
        return []
    data: list[int] = []
    line, character = 0, 0
    for (new_line, start), length, modifier in _tokens(snapshot, heat_map, thresholds, document):
        if new_line != line:
            line, character, delta = new_line, 0, new_line - line
        else:
            delta = 0
        data += [delta, start - character, length, 0, 1 << modifier]
        character = start
    return data


def _tokens(
    snapshot: Snapshot, heat_map: HeatMap, thresholds: Thresholds, document: Document
) -> Iterator[tuple[Position, int, int]]:
    """Position, length and index of the modifier, in the order of the text."""
    least = thresholds.share * heat_map.total
    spans = heat_map.of(document)
    strong = [heat for heat in spans if abs(heat.value) >= _FAINT and abs(heat.relevance) >= least]
    for heat in sorted(strong, key=lambda heat: heat.span):
        level = math.ceil(abs(heat.value) * _LEVELS) - 1
        modifier = level if heat.value > 0 else _LEVELS + level
        for part in _by_line(snapshot, heat.span):
            start, end = map(snapshot.lines.position, part)
            yield start, end[1] - start[1], modifier


def _by_line(snapshot: Snapshot, span: Span) -> Iterator[Span]:
    """The parts of a span on single lines; semantic tokens may not go over the end of one."""
    lines = snapshot.lines
    first, last = lines.position(span.start)[0], lines.position(span.end)[0]
    for number in range(first, last + 1):
        line = lines.span(number)
        part = Span(max(line.start, span.start), min(line.end, span.end))
        if part.start < part.end:
            yield part

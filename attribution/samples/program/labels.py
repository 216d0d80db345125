"""What the pieces of a text are that are not part of the program."""

import re
import textwrap
from collections.abc import Iterator
from itertools import accumulate, groupby, pairwise

from attrs import frozen

from attribution.samples.program.fences import blocks, mark
from attribution.samples.program.lines import Line, Lines
from attribution.samples.program.surroundings import prose
from attribution.samples.program.syntax import bindings, defines, does_something, is_stub, parsed
from attribution.samples.program.values import Kind, LeftOut, Span

_TRANSCRIPT = re.compile(r"[ \t]*(?:>>>|\.\.\.)(?:[ \t\r\n]|\Z)")


@frozen
class Around:
    """A text's parts: mark [0, start), thinking, answer, end tokens [end, ...); its entry point."""

    start: int
    answer: int
    end: int
    entry: str | None


def left_out(text: str, pieces: tuple[Span, ...], around: Around) -> tuple[LeftOut, ...]:
    """All of the text but the pieces, in ranges of one kind each."""
    fenced = _fenced(text, around)
    found: list[LeftOut] = []
    for gap in _gaps(pieces, len(text)):
        lines = _lines(text, gap, around)
        places = [_place(line, around, fenced, line.end == gap[1] < len(text)) for line in lines]
        kinds = _labelled(lines, places, around.entry)
        for kind, group in groupby(zip(kinds, lines, strict=True), key=lambda pair: pair[0]):
            same = [line for _, line in group]
            filled = sum(not line.blank for line in same)
            found.append(LeftOut(kind, same[0].start, same[-1].end, filled))
    return tuple(found)


def _gaps(pieces: tuple[Span, ...], end: int) -> Iterator[Span]:
    for (_, start), (stop, _) in pairwise([(0, 0), *pieces, (end, end)]):
        if start < stop:
            yield start, stop


def _lines(text: str, gap: Span, around: Around) -> list[Line]:
    """The lines of a gap, cut where the text's parts meet."""
    borders = (around.start, around.answer, around.end)
    edges = sorted({*gap, *(edge for edge in borders if gap[0] < edge < gap[1])})
    return [line for span in pairwise(edges) for line in Lines.of(text, span)]


def _fenced(text: str, around: Around) -> dict[int, int]:
    """Of the lines within a block of code, by their starts: the block's first line."""
    lines = Lines.of(text, (around.answer, around.end))
    return {lines[k].start: b.first for b in blocks(lines) for k in range(b.first, b.stop)}


def _place(line: Line, around: Around, fenced: dict[int, int], before: bool) -> Kind | int | None:
    """The kind of a line where its place tells; else the block that it is in, or None.

    `before`: the gap, and with it the line, ends where a piece of the program begins.
    """
    if line.end <= around.start:
        return Kind.BYTE_ORDER_MARK
    if line.start >= around.end:
        return Kind.END_TOKEN
    if line.end <= around.answer:
        return Kind.THINKING
    if before and line.text[-1] not in "\r\n":
        return Kind.INDENTATION
    if line.start in fenced:
        return fenced[line.start]
    return Kind.FENCE if mark(line.text) is not None else None


def _labelled(lines: list[Line], places: list[Kind | int | None], entry: str | None) -> list[Kind]:
    """The kinds of a gap's lines; a blank one is of the kind of the one before, or else behind."""
    found: list[Kind | None] = []
    numbered = zip(places, lines, strict=True)
    for place, group in groupby(numbered, key=lambda pair: pair[0]):
        same = [line for _, line in group]
        if isinstance(place, Kind):
            found += [place] * len(same)
        elif place is not None:
            kind = _kind_of_code("".join(line.text for line in same), entry)
            found += [None if line.blank else kind for line in same]
        else:
            found += _outside(same, entry)
    first = next((kind for kind in found if kind is not None), Kind.PROSE)
    return list(accumulate(found, lambda before, kind: kind or before, initial=first))[1:]


def _outside(lines: list[Line], entry: str | None) -> list[Kind | None]:
    """The kinds of lines outside of blocks, paragraph by paragraph."""
    found: list[Kind | None] = []
    for blank, group in groupby(lines, key=lambda line: line.blank):
        same = list(group)
        if blank:
            found += [None] * len(same)
            continue
        tree = parsed(textwrap.dedent("".join(line.text for line in same)))
        if tree is not None and does_something(tree):
            found += [_kind_of_code("".join(line.text for line in same), entry)] * len(same)
        else:
            found += [_kind_of_line(line.text, entry) for line in same]
    return found


def _kind_of_line(line: str, entry: str | None) -> Kind:
    if _TRANSCRIPT.match(line):
        return Kind.TRANSCRIPT
    return Kind.CALL if _calls(line, entry) and not prose(line) else Kind.PROSE


def _kind_of_code(code: str, entry: str | None) -> Kind:
    if _TRANSCRIPT.match(code.lstrip()):
        return Kind.TRANSCRIPT
    tree = parsed(textwrap.dedent(code))
    if tree is None:
        heads = [line for line in code.splitlines() if line[:1] not in ("", " ", "\t", "#")]
        return Kind.CALL if heads and all(_calls(line, entry) for line in heads) else Kind.CODE
    own = bindings(tree, entry) if entry is not None else []
    if own and all(map(is_stub, own)):
        return Kind.REPEATED_PROMPT
    return Kind.CALL if _calls(code, entry) and not defines(tree) else Kind.CODE


def _calls(code: str, entry: str | None) -> bool:
    if entry is None or entry not in code:
        return False
    return re.search(rf"(?<!\w)(?<!def ){re.escape(entry)}[ \t]*\(", code) is not None

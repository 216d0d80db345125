"""Code-point offsets ↔ LSP positions, in whichever encoding the client negotiated.

Everything inside Token Blame counts Unicode code points from the start of a document. LSP counts
lines, and within a line units of the negotiated encoding. Lines end at `\\n`, `\\r\\n` and `\\r`
only: `str.splitlines` also ends them at form feeds and others, and lands on the wrong line.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

_LINE_END = re.compile(r"\r\n|\r|\n")


class Encoding(StrEnum):
    """What one unit of `character` is (the values of LSP's PositionEncodingKind)."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


Position = tuple[int, int]  # zero-based line, units of the encoding from its start


class Span(NamedTuple):
    """Half-open, in code points of one document."""

    start: int
    end: int

    def touches(self, other: "Span") -> bool:
        """Whether they share a character, or a cursor (an empty span) is inside or at an end."""
        if self.start == self.end or other.start == other.end:
            return self.start <= other.end and other.start <= self.end
        return self.start < other.end and other.start < self.end


def _width(character: str, encoding: Encoding) -> int:
    """Units that one code point takes."""
    code = ord(character)
    match encoding:
        case Encoding.UTF8:
            return 1 + (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF)
        case Encoding.UTF16:
            return 1 + (code > 0xFFFF)
        case Encoding.UTF32:
            return 1


def _lines(text: str) -> tuple[list[int], list[int]]:
    """Where lines start, and where they end before their terminators."""
    if "\r" not in text:  # several times faster, and made with every keystroke
        starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
        return starts[:-1], [start - 1 for start in starts[1:]]
    ends = [(match.start(), match.end()) for match in _LINE_END.finditer(text)]
    return [0, *(end for _, end in ends)], [*(start for start, _ in ends), len(text)]


class LineIndex:
    """Where the lines of one text begin and end; made once per document version."""

    def __init__(self, text: str, encoding: Encoding) -> None:
        self._text = text
        self._encoding = encoding
        self._starts, self._ends = _lines(text)
        self._plain = text.isascii() or encoding is Encoding.UTF32

    def __len__(self) -> int:
        return len(self._starts)

    def span(self, line: int) -> Span:
        """Code points of a line without its terminator; the last line for one beyond the end."""
        line = min(max(line, 0), len(self) - 1)
        return Span(self._starts[line], self._ends[line])

    def spans(self) -> Iterator[Span]:
        """Those of all lines."""
        return map(Span, self._starts, self._ends)

    def offset(self, line: int, character: int) -> int:
        """The code point at a position.

        As LSP asks: beyond the end of the line means its end, beyond the last line the end of
        the document. A position inside a character (half of a surrogate pair) means its start.
        """
        if line >= len(self):
            return len(self._text)
        start, end = self.span(line)
        if self._plain:
            return min(start + max(character, 0), end)
        units = 0
        for offset in range(start, end):
            units += _width(self._text[offset], self._encoding)
            if units > character:
                return offset
        return end

    def position(self, offset: int) -> Position:
        """The position of a code point; one inside a line's terminator is the end of the line."""
        offset = min(max(offset, 0), len(self._text))
        line = bisect_right(self._starts, offset) - 1
        start, offset = self._starts[line], min(offset, self._ends[line])
        if self._plain:
            return line, offset - start
        return line, sum(_width(c, self._encoding) for c in self._text[start:offset])

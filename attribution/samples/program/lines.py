"""A text by its lines, each in its place."""

import os.path
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from attribution.samples.program.values import Span

# Lines at the margin that go on with the statement before them.
_GOES_ON = re.compile(r"(?:else|elif|except|finally)\b|[)\]}]")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # as Python ends lines
_COMMENT = re.compile(r"\s*#")


class Line(NamedTuple):
    """A line (without an indentation that is not the program's) and where it begins."""

    start: int
    text: str  # with its line ending

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def blank(self) -> bool:
        return not self.text.strip()

    @property
    def depth(self) -> int:
        """How many blanks and tabs it begins with."""
        return len(self.text) - len(self.text.lstrip(" \t"))

    @property
    def indented(self) -> bool:
        return self.text[:1] in (" ", "\t")


class Lines:
    """Some of a text's lines, which are read as one text."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = list(lines)
        self.text = "".join(line.text for line in self._lines)
        self._offsets = [0, *accumulate(len(line.text) for line in self._lines)]
        self._filled = [0, *accumulate(not line.blank for line in self._lines)]

    @classmethod
    def of(cls, text: str, span: Span) -> "Lines":
        """The lines of text[span]."""
        found = _LINE.finditer(text, *span)
        return cls(Line(piece.start(), piece.group()) for piece in found)

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines)

    def __getitem__(self, index: int) -> Line:
        return self._lines[index]

    def __len__(self) -> int:
        return len(self._lines)

    def between(self, first: int, stop: int) -> str:
        """The text of the lines [first, stop)."""
        return self.text[self._offsets[first] : self._offsets[stop]]

    def filled(self, first: int, stop: int) -> int:
        """How many of the lines [first, stop) are not blank."""
        return self._filled[stop] - self._filled[first]

    def trimmed(self, first: int, stop: int) -> tuple[int, int]:
        """The same lines without blank ones at both ends."""
        while first < stop and self._lines[first].blank:
            first += 1
        while first < stop and self._lines[stop - 1].blank:
            stop -= 1
        return first, stop

    def comments_before(self, first: int) -> int:
        """The first of the lines of comment, indented or not, that lead to this line."""
        found = first
        while first and (self[first - 1].blank or _COMMENT.match(self[first - 1].text)):
            first -= 1
            found = found if self[first].blank else first
        return found

    def pieces(self, first: int, stop: int) -> tuple[Span, ...]:
        """The places of the lines [first, stop), neighbours joined."""
        found: list[Span] = []
        for line in self._lines[first:stop]:
            if found and found[-1][1] == line.start:
                found[-1] = (found[-1][0], line.end)
            else:
                found.append((line.start, line.end))
        return tuple(found)

    @cached_property
    def heads(self) -> list[int]:
        """The lines at which a statement of the module may begin, and the end.

        A comment in front of an indented line lies within a statement.
        """
        found, behind = [len(self)], False
        for index in range(len(self) - 1, -1, -1):
            line = self._lines[index]
            if line.blank:
                continue
            if not _COMMENT.match(line.text):
                behind = line.indented or _GOES_ON.match(line.text) is not None
            if not behind and not line.indented:
                found.append(index)
        return found[::-1]


def dedented(lines: Iterable[Line]) -> Lines:
    """The lines without the indentation that all have in common (blank ones may have less)."""
    lines = list(lines)
    margins = [_margin(line) for line in lines if not line.blank]
    margin = os.path.commonprefix(margins)  # noqa: RUF071 (character by character is meant)
    return Lines(_without(line, len(margin)) for line in lines)


def _margin(line: Line) -> str:
    return line.text[: line.depth]


def _without(line: Line, margin: int) -> Line:
    """Without its first characters, but never without its line ending."""
    cut = min(margin, len(line.text.rstrip("\r\n")))
    return Line(line.start + cut, line.text[cut:])

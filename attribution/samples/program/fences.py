"""Markdown's fenced code blocks, line by line.

CommonMark's rules, but a fence that names a language never is the text of a block: it lies within a
block of Markdown, or ends one that was not closed. A Markdown parser does not serve here: it gives
the text of a block without the place of each line, and takes long (markdown-it-py 18 s for a list
of 1 MB).
"""

import re
from collections.abc import Iterator
from functools import cached_property

from attrs import field, frozen

from attribution.samples.program.lines import Line, Lines, dedented

_FENCE = re.compile(
    r"(?P<margin>(?:[ \t]*>)*[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?)"
    r"(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`\r\n]*)[\r\n]*\Z"
)
_LANGUAGE = re.compile(r"[\w+#-]+")
_PYTHON = {"python", "py", "python3", "py3", "python2", "ipython", "ipython3", "sage"}
_MARKDOWN = {"markdown", "md"}
_CLOSER = 3  # characters that a closing fence may be indented more than the opening one


@frozen
class Mark:
    """A line that opens or closes a fence."""

    margin: int
    character: str
    length: int
    language: str
    quoted: int  # how many `>` stand before it

    @property
    def python(self) -> bool:
        return self.language in _PYTHON


@frozen
class Block:
    """A fenced block: the lines [first, stop) between its fences."""

    mark: Mark
    first: int
    stop: int
    _around: Lines = field(repr=False, eq=False)

    @cached_property
    def lines(self) -> Lines:
        """Without quotation marks, and without the indentation that all have in common."""
        within = (self._around[index] for index in range(self.first, self.stop))
        return dedented(_unquoted(line, self.mark.quoted) for line in within)

    @property
    def foreign(self) -> bool:
        """Whether the fence names another language than Python."""
        return self.mark.language != "" and not self.mark.python


def mark(line: str) -> Mark | None:
    """The fence that the line is, if it is one."""
    if "```" not in line and "~~~" not in line:
        return None
    found = _FENCE.match(line)
    if found is None:
        return None
    language = _LANGUAGE.search(found["info"])
    margin = found["margin"]
    return Mark(
        margin=len(margin),
        character=found["mark"][0],
        length=len(found["mark"]),
        language=language.group().lower() if language else "",
        quoted=margin.count(">"),
    )


def blocks(lines: Lines) -> list[Block]:
    """The blocks of code in the order of their first lines; those of Markdown are no code."""
    found = (
        Block(opening, first, stop, lines)
        for opening, first, stop in _pairs(lines)
        if opening.language not in _MARKDOWN
    )
    return sorted(found, key=lambda block: block.first)


def _pairs(lines: Lines) -> Iterator[tuple[Mark, int, int]]:
    open_: list[tuple[Mark, int]] = []
    for index in range(len(lines)):
        here = mark(lines[index].text)
        if here is None:
            continue
        top = open_[-1][0] if open_ else None
        if top is None:
            open_.append((here, index + 1))
        elif here.margin > top.margin + _CLOSER:
            continue  # text of the block
        elif here.language or (top.language in _MARKDOWN and not _closes(top, here)):
            if top.language not in _MARKDOWN:
                yield (*open_.pop(), index)
            open_.append((here, index + 1))
        elif _closes(top, here):
            yield (*open_.pop(), index)
    for opening, first in open_:
        yield opening, first, len(lines)


def _closes(opening: Mark, here: Mark) -> bool:
    return here.character == opening.character and here.length >= opening.length


def _unquoted(line: Line, depth: int) -> Line:
    if not depth:
        return line
    quote = re.match(rf"(?:[ \t]*>){{0,{depth}}}", line.text)
    cut = quote.end() if quote else 0
    return Line(line.start + cut, line.text[cut:])

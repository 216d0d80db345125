"""What may be the program in a text, from the likeliest kind to the least."""

import ast
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property

from attribution.samples.program.candidate import Candidate, longest
from attribution.samples.program.fences import Block, blocks
from attribution.samples.program.lines import Line, Lines
from attribution.samples.program.runs import Runs, Work, begins
from attribution.samples.program.stretches import at_margin, foreign, stretch
from attribution.samples.program.syntax import bindings, defines, falls_through, is_stub, normal

_DEFINITION = re.compile(r"[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+([^\W\d]\w*)")
_TRANSCRIPT = ">>>"


class Candidates:
    """Of one text and entry point. A method gives the longest of its kind, the first of equals."""

    def __init__(self, lines: Lines, entry: str | None) -> None:
        self._lines = lines
        self._entry = entry
        self._blocks = [block for block in blocks(lines) if block.first < block.stop]
        self._work = Work(len(lines.text))
        self._firsts = [block.first for block in self._blocks]

    def binding(self) -> Candidate | None:
        """What parses and gives the entry point a value; a function must have a body."""
        return self._longest_binding(self._runs) or self._longest_binding(self._indented)

    def named(self) -> Candidate | None:
        """What has a definition of the entry point, but does not parse."""
        stubs = (run for run in self._runs if self._binds(run) and not self._cut(run))
        covered = {index for stub in stubs for index in range(stub.first, stub.stop)}
        return self._around(i for i in self._definitions(self._entry) if i not in covered)

    def stub(self) -> Candidate | None:
        """The head of the entry point alone."""
        return longest(run.narrowed() for run in self._runs if self._binds(run))

    def defining(self) -> Candidate | None:
        """What parses and defines anything, outside blocks of other languages."""
        found = []
        for run in self._runs:
            block = self._block(run.first)
            if not (block is not None and block.foreign) and _defines(run):
                found.append(self._with_missing(run, block))
        found += [run.narrowed() for run in self._indented if _defines(run)]
        return longest(found)

    def fenced(self) -> Candidate | None:
        """A block of Python, or one of no named language that parses."""
        return longest(self._of(block) for block in self._blocks if _may_be_python(block))

    def loose(self) -> Candidate | None:
        """Lines outside of blocks that begin with a definition and do not parse."""
        return self._around(i for i in self._definitions(None) if self._block(i) is None)

    @cached_property
    def _runs(self) -> list[Candidate]:
        return Runs(self._lines, self._work).found

    @cached_property
    def _indented(self) -> list[Candidate]:
        """The runs within blocks and stretches that are indented or quoted."""
        sources = [block.lines for block in self._blocks if self._shifted(block)]
        beyond = 0
        for index in self._definitions(self._entry):
            if index >= beyond and self._lines[index].indented and self._block(index) is None:
                first, beyond = stretch(self._lines, index)
                sources.append(at_margin(self._lines, first, beyond).lines)
        return [run for source in sources for run in Runs(source, self._work).found]

    def _longest_binding(self, runs: list[Candidate]) -> Candidate | None:
        chosen = longest(run for run in runs if not all(map(is_stub, self._bindings(run))))
        if chosen is None:
            return None
        return self._widened(chosen) if self._is_stump(chosen) else chosen.narrowed()

    def _binds(self, run: Candidate) -> bool:
        return bool(self._bindings(run))

    def _bindings(self, run: Candidate) -> list[ast.stmt]:
        """The statements of the module that give the entry point a value."""
        if self._entry is None or self._entry not in normal(run.text) or run.tree is None:
            return []
        return bindings(run.tree, self._entry)

    def _definitions(self, name: str | None) -> list[int]:
        """The lines with `def` or `class` of the name, or of any."""
        found = []
        for index in range(len(self._lines)):
            line = self._lines[index].text
            match = _DEFINITION.match(line) if "def" in line or "class" in line else None
            if match and (name is None or normal(match[1]) == name):
                found.append(index)
        return found

    def _block(self, index: int) -> Block | None:
        """The block that a line is in."""
        number = bisect_right(self._firsts, index) - 1
        found = self._blocks[number] if number >= 0 else None
        return found if found is not None and index < found.stop else None

    def _shifted(self, block: Block) -> bool:
        """Whether the block is indented or quoted."""
        if not block.mark.quoted and not all(
            line.indented or line.blank for line in self._within(block)
        ):
            return False
        return block.lines.text != self._lines.between(block.first, block.stop)

    def _within(self, block: Block) -> Iterator[Line]:
        return (self._lines[index] for index in range(block.first, block.stop))

    def _of(self, block: Block) -> Candidate:
        """All of a block; where it parses, without prose at its ends."""
        if self._shifted(block):
            found = Candidate(block.lines, 0, len(block.lines)).trimmed()
        else:
            found = Candidate(self._lines, block.first, block.stop).trimmed()
        return found.narrowed()

    def _cut(self, candidate: Candidate) -> bool:
        """Whether its last statement goes on behind it, but does not parse there."""
        lines = candidate.lines
        rest = (lines[index] for index in range(candidate.stop, len(lines)))
        behind = next((line for line in rest if not line.blank), None)
        return behind is not None and behind.indented and not foreign(behind.text)

    def _is_stump(self, run: Candidate) -> bool:
        """Whether a syntax error cuts the entry point short before it returns."""
        last = run.tree.body[-1] if run.tree is not None else None
        return last in self._bindings(run) and falls_through(last) and self._cut(run)

    def _with_missing(self, run: Candidate, block: Block | None) -> Candidate:
        """The run, or all of its block if more of that is missing than a broken end."""
        found = run.narrowed()
        if self._cut(found):
            return self._widened(found)
        if block is None or self._shifted(block):
            return found
        whole = Candidate(self._lines, block.first, block.stop).trimmed()
        if (whole.first, whole.stop) == (run.first, run.stop):
            return found
        whole = whole.narrowed()
        behind = range(found.stop, whole.stop)
        more = any(begins(self._lines[index].text) for index in behind)
        return whole if more or whole.first < found.first else found

    def _widened(self, candidate: Candidate) -> Candidate:
        """All of the block or stretch that the candidate is in."""
        if candidate.lines is not self._lines:
            return Candidate(candidate.lines, 0, len(candidate.lines)).trimmed()
        block = self._block(candidate.first)
        if block is not None:
            return self._of(block)
        _, stop = stretch(self._lines, candidate.stop - 1)
        return Candidate(self._lines, candidate.first, stop)

    def _around(self, places: Iterable[int]) -> Candidate | None:
        """The longest block, or outside of blocks the longest stretch, with one of the lines."""
        found, beyond = [], 0
        for index in places:
            if index < beyond:
                continue
            block = self._block(index)
            if block is not None:
                beyond = block.stop
                found.append(self._of(block))
            else:
                first, beyond = stretch(self._lines, index)
                found.append(at_margin(self._lines, first, beyond))
        return longest(found)


def _may_be_python(block: Block) -> bool:
    text = block.lines.text
    if block.foreign or text.lstrip().startswith(_TRANSCRIPT) or not text.strip():
        return False
    whole = Candidate(block.lines, 0, len(block.lines))
    return whole.effective or (block.mark.python and whole.tree is None)


def _defines(run: Candidate) -> bool:
    return run.tree is not None and defines(run.tree)

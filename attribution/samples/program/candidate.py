"""Some lines that may be the program."""

import ast
from collections.abc import Iterable
from functools import cached_property

from attrs import frozen

from attribution.samples.program.lines import Lines
from attribution.samples.program.syntax import does_something, parsed, worthwhile


@frozen(eq=False)
class Candidate:
    """The lines [first, stop) of some lines."""

    lines: Lines
    first: int
    stop: int

    @property
    def size(self) -> int:
        """How many lines are not blank: what EvalPlus compares."""
        return self.lines.filled(self.first, self.stop)

    @property
    def text(self) -> str:
        return self.lines.between(self.first, self.stop)

    @cached_property
    def tree(self) -> ast.Module | None:
        """The syntax tree; None where the lines do not parse."""
        return parsed(self.text)

    @property
    def effective(self) -> bool:
        """Whether it parses, and running it may have any effect."""
        return self.tree is not None and does_something(self.tree)

    def trimmed(self) -> "Candidate":
        """Without blank lines at both ends."""
        return Candidate(self.lines, *self.lines.trimmed(self.first, self.stop))

    def narrowed(self) -> "Candidate":
        """Without lines at its ends that can only raise a NameError ("Here is code")."""
        if self.tree is None:
            return self
        low, high = worthwhile(self.tree)
        body, first, stop = self.tree.body, self.first, self.stop
        if 0 < low < high and body[low].lineno > (body[low - 1].end_lineno or 0):
            first += body[low - 1].end_lineno or 0
        if low < high < len(body) and body[high].lineno > (body[high - 1].end_lineno or 0):
            stop = self.first + body[high].lineno - 1
        if (first, stop) == (self.first, self.stop):
            return self
        return Candidate(self.lines, first, stop).trimmed()


def longest(candidates: Iterable[Candidate]) -> Candidate | None:
    """By lines that are not blank, the first of equals."""
    return max(candidates, key=lambda candidate: candidate.size, default=None)

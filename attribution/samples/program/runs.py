"""Stretches of lines that parse as Python ("runs"), in nearly linear time.

EvalPlus compiles every pair of first and last line. Here each statement of the module is compiled
once: a run goes from statement to statement until one does not parse, and takes as many lines of
that one as do.
"""

import re
from collections.abc import Iterator
from functools import cached_property

from attribution.samples.program.candidate import Candidate
from attribution.samples.program.lines import Lines
from attribution.samples.program.syntax import State, state

_WORK = 8  # times the text's length, which compiling may read; thereafter nothing parses
_SMALL = 1 << 20  # characters that it may read in any case
_FEW = 8  # heads that are tried one by one
_CALL = 100  # characters that are read in the time that it takes to begin
_BEGINS = re.compile(r"(?:async[ \t]+def|def|class|import|from)\b|@")


class Work:
    """How many characters may still be compiled for a text: time is linear in its length."""

    def __init__(self, length: int) -> None:
        self._left = _WORK * length + _SMALL

    def state(self, text: str) -> State:
        """Of the text; WRONG where there is no time left."""
        self._left -= len(text) + _CALL
        return state(text) if self._left >= 0 else State.WRONG


class Runs:
    """All runs of a text that are not part of a longer one."""

    def __init__(self, lines: Lines, work: Work) -> None:
        self._lines = lines
        self._work = work
        self._seen: set[int] = set()  # the heads of statements

    @cached_property
    def found(self) -> list[Candidate]:
        """In the order of their first lines."""
        return list(self._search())

    def _search(self) -> Iterator[Candidate]:
        heads = self._lines.heads
        beyond = 0  # of the statements until now
        for number, head in enumerate(heads[:-1]):
            if number in self._seen or (head < beyond and not begins(self._lines[head].text)):
                continue  # part of a run, or most likely of a string in it
            stop, last = self._run(number)
            beyond = max(beyond, heads[last])
            first, stop = self._lines.trimmed(head, stop)
            if first < stop:
                yield Candidate(self._lines, self._lines.comments_before(first), stop)

    def _run(self, number: int) -> tuple[int, int]:
        """Where the run from this head stops, and the head up to which its statements are whole.

        A run that comes upon another's statement is part of that, and stops at once.
        """
        heads, begin = self._lines.heads, self._lines.heads[number]
        while number < len(heads) - 1:
            if number in self._seen:
                return begin, number
            self._seen.add(number)
            behind, found = self._statement(number)
            if found is not State.PROGRAM:
                return self._part(heads[number], heads[behind], found), number
            number = behind
        return heads[number], number

    def _statement(self, number: int) -> tuple[int, State]:
        """The first head at which the statement that begins here is not open any more, or the end.

        With its state there. Statements of many heads (long strings at the margin) are rare: those
        are sought in steps that double, and then between the last two.
        """
        heads = self._lines.heads
        first, last, step = heads[number], len(heads) - 1, 1
        open_, there = number, number + 1
        while (found := self._state(first, heads[there])) is State.OPEN and there < last:
            open_, there = there, min(there + step, last)
            step = step if there - number < _FEW else 2 * step
        while found is not State.OPEN and there - open_ > 1:
            middle = (open_ + there) // 2
            between = self._state(first, heads[middle])
            if between is State.OPEN:
                open_ = middle
            else:
                there, found = middle, between
        return there, found

    def _part(self, first: int, stop: int, found: State) -> int:
        """Up to where the lines from `first` parse; those up to `stop` do not."""
        if found is State.WRONG and stop == first + 1:
            return first
        low, high = (first, stop) if found is State.WRONG else (stop, stop)
        while high - low > 1:  # what is wrong stays wrong with more lines
            middle = (low + high) // 2
            if self._state(first, middle) is State.WRONG:
                high = middle
            else:
                low = middle
        while low > first and self._state(first, low) is not State.PROGRAM:
            low -= 1
        return low

    def _state(self, first: int, stop: int) -> State:
        return self._work.state(self._lines.between(first, stop))


def begins(line: str) -> bool:
    """Whether the line begins a definition or an import at the margin."""
    return _BEGINS.match(line) is not None

"""Run a program on one input after the other: what does each run come to, which lines does it take?

EvalPlus' own loop runs and compares. The inputs reach it through a generator, which thus stands
between any two runs. What the generator and the trace see lies in memory that is shared with the
child: a program that hangs or dies takes nothing with it. Behind an input on which it dies, another
child goes on.
"""

import mmap
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.sharedctypes import RawArray, RawValue
from types import FrameType
from typing import Any

from attrs import evolve, frozen

from attribution.grading.runner import children
from attribution.grading.runner.autopsy import SAMPLE
from attribution.grading.runner.checks import time_limits
from attribution.grading.runner.evalplus_parts import unsafe_execute
from attribution.grading.runner.problems import Problem
from attribution.grading.runner.suites import Tests

# What stays in EvalPlus' `details` where its oracle is silent on a success (HumanEval/32).
_UNTOUCHED = 2


@frozen
class Program:
    problem: Problem
    code: str
    traced: bool  # whether to note lines, which makes it many times slower


@frozen
class Run:
    """One run on one input."""

    index: int
    passed: bool
    cut: bool  # ended from here, and before its own limit
    seconds: float
    lines: frozenset[int]  # 1-based; those that loading the program took are in every run's


def execute(
    program: Program,
    tests: Tests,
    enough: Mapping[bool, int],
    deadline: float,
    control: children.Control,
) -> list[Run]:
    """The runs on `tests`, in their order, each with EvalPlus' limit on its time.

    They end before the last input where `enough[passed]` runs of both outcomes were seen, and at
    `deadline` (of the monotonic clock). None, where the program cannot be loaded.
    """
    runs: list[Run] = []
    died = True
    while died and len(runs) < len(tests.inputs):
        rest = tests.at(range(len(runs), len(tests.inputs)))
        passed = sum(run.passed for run in runs)
        missing = {True: enough[True] - passed, False: enough[False] - len(runs) + passed}
        more, died = _attempt(program, rest, missing, deadline, control)
        runs += [evolve(run, index=len(runs) + run.index) for run in more]
    return runs


def _attempt(
    program: Program,
    tests: Tests,
    missing: Mapping[bool, int],
    deadline: float,
    control: children.Control,
) -> tuple[list[Run], bool]:
    """The runs of one child, and whether it died of itself during the last of them."""
    width = len(program.code.splitlines()) + 1 if program.traced else 0
    limits, board = time_limits(tests), _Board(len(tests.inputs), width)
    task, left = program.problem.task, deadline - time.monotonic()

    def work(_report: int) -> None:
        compiled = compile(program.code, SAMPLE, "exec", dont_inherit=True)
        inputs = board.feed(tests.inputs, missing)
        if program.traced:
            sys.settrace(board.trace(0))
        unsafe_execute(
            str(task.dataset),
            task.entry_point,
            compiled,
            inputs,
            tests.expected,
            limits,
            tests.atol,
            False,  # go on behind a failing input
            RawValue("i"),  # what it says of all inputs together
            board.details,
            RawValue("i"),
        )

    ended = children.run(work, lambda elapsed: elapsed > left, control)
    runs = board.runs(limits, killed=ended.exit_code is None)
    return runs, ended.exit_code is not None and bool(runs) and not board.ended[runs[-1].index]


class _Board:
    """What one child sees, in shared memory: per input times, outcome and a flag per line."""

    def __init__(self, inputs: int, width: int) -> None:
        """`width`: flags per row; 0: nothing is traced. The first row is for the loading."""
        self.details = RawArray("b", [_UNTOUCHED] * inputs)
        self.ended = RawArray("d", inputs)
        self._began = RawArray("d", inputs)
        self._width = width
        self._taken = mmap.mmap(-1, max((inputs + 1) * width, 1))

    def feed(self, inputs: list[Any], missing: Mapping[bool, int]) -> Iterator[Any]:
        """The inputs, while something is missing; in the child."""
        # Kept here: the program may replace what it finds in modules.
        clock, settrace = time.monotonic, sys.settrace
        left = dict(missing)
        for index, arguments in enumerate(inputs):
            self._began[index] = clock()
            if self._width:
                settrace(self.trace(index + 1))  # anew: Python drops a trace that failed
            yield arguments
            settrace(None)
            self.ended[index] = clock()
            left[self.details[index] != 0] -= 1
            if max(left.values()) <= 0:
                return

    def trace(self, row: int) -> Callable[[FrameType, str, Any], Any]:
        """What `sys.settrace` takes to note the sample's lines in this row."""
        taken, width, start = self._taken, self._width, row * self._width

        def note(frame: FrameType, event: str, _argument: Any) -> Any:
            line = frame.f_lineno
            # The program can compile other code under this name.
            if event == "line" and 0 < line < width:
                taken[start + line] = 1
            return note

        def enter(frame: FrameType, _event: str, _argument: Any) -> Any:
            return note if frame.f_code.co_filename == SAMPLE else None

        return enter

    def runs(self, limits: list[float], *, killed: bool) -> list[Run]:
        """What was seen; the last run may not have come to its end."""
        now = time.monotonic()
        return [
            Run(
                index=index,
                passed=bool(ended and self.details[index]),
                cut=killed and not ended and now - began < limits[index],
                seconds=(ended or now) - began,
                lines=self._lines(0) | self._lines(index + 1),
            )
            for index, (began, ended) in enumerate(zip(self._began, self.ended, strict=True))
            if began
        ]

    def _lines(self, row: int) -> frozenset[int]:
        flags = self._taken[row * self._width : (row + 1) * self._width]
        return frozenset(line for line, flag in enumerate(flags) if flag)

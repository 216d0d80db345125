"""Does a program pass a suite? EvalPlus' own execution decides; watching over it is ours.

`evalplus.eval.unsafe_execute` runs the program and compares results; its inputs here are those of
`evalplus.evaluate` (stop at the first failure, time limits from the canonical solution's times).
`untrusted_check`, EvalPlus' wrapper around it, is replaced because it

- fails every correct solution of HumanEval/32: the oracle for `find_zero` skips recording, and
  the wrapper takes results that were not recorded for failures. When unsafe_execute stops at the
  first failure its status alone is right, so for this entry point the records are not asked for;
- cannot tell a program that ended its process from one that took too long;
- waits a minute for what can no longer pass, and for ever for what closed its descriptors.
"""

from collections.abc import Callable
from enum import Enum
from multiprocessing.sharedctypes import RawArray, RawValue
from typing import Any

from attrs import frozen

from attribution.grading.runner import children
from attribution.grading.runner.evalplus_parts import (
    DEFAULT_GT_TIME_LIMIT_FACTOR,
    DEFAULT_MIN_TIME_LIMIT,
    unsafe_execute,
)
from attribution.grading.runner.problems import Problem
from attribution.grading.runner.suites import Tests

_SUCCESS, _FAILED, _UNKNOWN = 0, 1, 3  # evalplus.eval's values of `stat`
_LONGEST = 60.0  # seconds; EvalPlus' limit for all inputs of a suite together
# But at least this many times what the canonical solution took: on a busy machine that of
# Mbpp/599 alone needs over 40 s, and EvalPlus would fail it.
_AT_LEAST = 2.0
_MARGIN = 2.0  # seconds; what EvalPlus adds to it
# An input that has not ended this long after its limit never saw the alarm (a loop in C) or
# swallowed it; EvalPlus would wait on, for at most _LONGEST.
_GRACE = 5.0
_LOADING = 10.0  # seconds


class Result(Enum):
    PASSED = "passed"
    FAILED = "failed"  # a wrong result, an exception or an input over its time limit
    OVERDUE = "overdue"  # killed from here
    DIED = "died"


@frozen
class Check:
    """One run of one suite."""

    result: Result
    failing: int | None  # index of the first failing input; None: not known
    started: bool  # False: it failed before the first input, while being loaded
    exit_code: int | None
    seconds: float


def time_limits(tests: Tests) -> list[float]:
    """Seconds per input, as EvalPlus computes them."""
    return [
        max(DEFAULT_MIN_TIME_LIMIT, DEFAULT_GT_TIME_LIMIT_FACTOR * seconds)
        for seconds in tests.seconds
    ]


def has_silent_oracle(problem: Problem) -> bool:
    """Whether EvalPlus records no progress for this problem (HumanEval/32)."""
    return problem.task.entry_point == "find_zero" and problem.task.dataset == "humaneval"


def overdue(
    progress: Any, tests: Tests, *, silent: bool, patience: float = _LOADING
) -> Callable[[float], bool]:
    """When to kill a child whose `progress.value` is the index of its current input (or negative).

    After EvalPlus' limit for the suite and, unless it makes its progress in silence, when one
    input is far beyond its own limit; the first input, before which the program is loaded, has
    `patience` seconds more.
    """
    limits = time_limits(tests)
    total = min(max(_LONGEST, _AT_LEAST * sum(tests.seconds)), sum(limits)) + _MARGIN
    index, since = 0, 0.0

    def is_overdue(elapsed: float) -> bool:
        nonlocal index, since
        if elapsed > total + patience * (not limits):
            return True
        if silent or not limits:
            return False
        if progress.value != index:
            index, since = progress.value, elapsed
        # The program could write any number there.
        limit = limits[min(max(index, 0), len(limits) - 1)] + _GRACE
        return elapsed - since > limit + patience * (index <= 0)

    return is_overdue


def check(problem: Problem, tests: Tests, code: str, control: children.Control) -> Check:
    """Run one suite of `problem` on `code`, up to the first failing input."""
    limits = time_limits(tests)
    count = len(tests.inputs)
    stat, progress = RawValue("i", _UNKNOWN), RawValue("i", 0)
    details = RawArray("b", max(count, 1))  # 0 is no size

    def work(_report: int) -> None:
        unsafe_execute(
            str(problem.task.dataset),
            problem.task.entry_point,
            code,
            tests.inputs,
            tests.expected,
            limits,
            tests.atol,
            True,  # stop at the first failing input
            stat,
            details,
            progress,
        )

    silent = has_silent_oracle(problem)
    ended = children.run(work, overdue(progress, tests, silent=silent), control)
    recorded = list(details[: max(0, min(progress.value, count))])
    complete = silent or (len(recorded) == count and all(recorded))
    result = _result(stat.value, ended, complete=complete)
    return Check(
        result=result,
        failing=None if silent else _failing(result, recorded, count),
        started=bool(recorded) or result is not Result.FAILED,
        exit_code=ended.exit_code,
        seconds=ended.seconds,
    )


def _result(stat: int, ended: children.ChildExit, *, complete: bool) -> Result:
    if stat == _SUCCESS and complete:
        return Result.PASSED
    if stat in (_SUCCESS, _FAILED):
        return Result.FAILED
    return Result.OVERDUE if ended.exit_code is None else Result.DIED


def _failing(result: Result, recorded: list[int], count: int) -> int | None:
    """The first failing input: recorded as such or, where the program ended, not recorded."""
    if result is Result.FAILED:
        return recorded.index(0) if 0 in recorded else None
    if result is Result.PASSED or len(recorded) == count:
        return None
    return len(recorded)

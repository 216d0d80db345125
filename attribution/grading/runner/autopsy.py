"""Why did a program fail? It is run again, up to the input that failed, and watched.

All inputs before it are replayed, because a program may carry state from one call to the next.
The limits are those of the check. What is told about a value is made in the child as well: its
`__repr__` is the program's code.
"""

import os
import shutil
import traceback
from collections.abc import Callable
from enum import StrEnum
from multiprocessing.sharedctypes import RawValue
from typing import Any

from attrs import field, frozen

from attribution.grading.runner import children
from attribution.grading.runner.checks import Check, Result, has_silent_oracle, overdue, time_limits
from attribution.grading.runner.evalplus_parts import (
    TimeoutException,
    create_tempdir,
    poly,
    query_maximum_memory_bytes,
    reliability_guard,
    swallow_io,
    time_limit,
)
from attribution.grading.runner.problems import Problem
from attribution.grading.runner.render import shorten
from attribution.grading.runner.suites import Tests
from attribution.ipc import wire

SAMPLE = "<sample>"  # the program's file name in tracebacks and traces
_REPR_SECONDS = 1.0


class Ending(StrEnum):
    RETURNED = "returned"
    RAISED = "raised"
    TIMEOUT = "timeout"
    SYNTAX = "syntax"
    MISSING = "missing"  # no such entry point
    DIED = "died"
    SPARED = "spared"  # nothing went wrong this time


@frozen
class Autopsy:
    """What was seen. `text` is the repr of the result or the exception, shortened."""

    kind: Ending
    index: int | None = None  # of the input; None: while the program was loaded
    text: str = ""
    line: int | None = None  # 1-based, of the sample
    names: tuple[str, ...] = field(default=())  # kind MISSING: the functions that there are
    exit_code: int | None = None  # kind DIED


def examine(
    problem: Problem, tests: Tests, code: str, found: Check, control: children.Control
) -> Autopsy:
    """Run `code` again up to the input on which `found` says that it fails."""
    progress = RawValue("i", -1)  # -1: the program is being loaded

    def work(report: int) -> None:
        with create_tempdir():
            # Kept here: the program may replace what it finds in modules.
            write, pack = os.write, wire.pack
            pack(Autopsy(Ending.DIED, names=("warm", "up")))  # cattrs compiles on first use
            restore = _guard()
            seen = _load(code, problem.task.entry_point)
            if not isinstance(seen, Autopsy):
                seen = _replay(problem, tests, seen, found.failing, progress)
            write(report, pack(seen))
            restore()

    # What hung for long the first time need not do so again.
    patience = {"patience": 0.0} if found.result is Result.OVERDUE else {}
    limit = overdue(progress, tests, silent=False, **patience)
    ended = children.run(work, limit, control)
    at = min(progress.value, len(tests.inputs) - 1) if progress.value >= 0 else None
    if ended.report:
        try:
            return wire.unpack(ended.report, Autopsy)
        except wire.BrokenFrame:  # the program wrote there, too
            return Autopsy(Ending.DIED, at, exit_code=ended.exit_code)
    if ended.exit_code is None:
        return Autopsy(Ending.TIMEOUT, at)
    return Autopsy(Ending.DIED, at, exit_code=ended.exit_code)


def _guard() -> Callable[[], None]:
    """EvalPlus' guard; gives what brings back the functions that clean up after it."""
    kept = (shutil.rmtree, os.rmdir, os.chdir)
    reliability_guard(maximum_memory_bytes=query_maximum_memory_bytes())

    def restore() -> None:
        shutil.rmtree, os.rmdir, os.chdir = kept

    return restore


def _load(code: str, entry_point: str) -> Autopsy | Callable[..., object]:
    """The program's entry point, or why there is none."""
    scope: dict[str, Any] = {}
    try:
        compiled = compile(code, SAMPLE, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        return Autopsy(Ending.SYNTAX, None, f"{type(error).__name__}: {text}", line)
    try:
        with swallow_io():
            exec(compiled, scope)
    except BaseException as error:  # noqa: BLE001 - programs raise anything
        return _raised(error, None)
    if entry_point not in scope:
        names = tuple(n for n, v in scope.items() if callable(v) and n != "__builtins__")
        return Autopsy(Ending.MISSING, names=names[:10])
    function: Callable[..., object] = scope[entry_point]
    return function


def _replay(
    problem: Problem,
    tests: Tests,
    function: Callable[..., object],
    failing: int | None,
    progress: Any,
) -> Autopsy:
    """Call `function` as the check did; `failing` is known except for silent oracles."""
    limits, silent = time_limits(tests), has_silent_oracle(problem)
    count = len(limits) if silent else 0 if failing is None else failing + 1
    for index in range(count):
        progress.value = index
        arguments = tests.inputs[index]
        try:
            with time_limit(limits[index]), swallow_io():
                result = function(*arguments)
        except TimeoutException:
            seen = Autopsy(Ending.TIMEOUT, index)
        except BaseException as error:  # noqa: BLE001 - programs raise anything
            seen = _raised(error, index)
        else:
            if silent and _is_root(arguments, result, problem.atol):
                continue
            if silent or index == failing:
                return Autopsy(Ending.RETURNED, index, _repr(result))
            continue
        if silent or index == failing:
            return seen
    return Autopsy(Ending.SPARED)


def _is_root(arguments: list[Any], result: Any, atol: float) -> bool:
    """EvalPlus' oracle for HumanEval/32; what it cannot compute is no root."""
    try:
        return bool(abs(poly(*arguments, result)) <= atol)
    except BaseException:  # noqa: BLE001 - programs raise anything
        return False


def _raised(error: BaseException, index: int | None) -> Autopsy:
    line = None
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == SAMPLE:
            line = number
    try:
        with time_limit(_REPR_SECONDS), swallow_io():
            message = str(error)
    except BaseException:  # noqa: BLE001 - programs raise anything
        message = "(its message cannot be shown)"
    text = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return Autopsy(Ending.RAISED, index, shorten(text), line)


def _repr(value: object) -> str:
    try:
        with time_limit(_REPR_SECONDS), swallow_io():
            return shorten(repr(value))
    except BaseException as error:  # noqa: BLE001 - programs raise anything
        return f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"

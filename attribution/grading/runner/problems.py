"""EvalPlus' problems and what their canonical solutions return (inside the test runner).

Two formats are understood: EvalPlus' own, and the original HumanEval, whose `check(candidate)` is
turned into EvalPlus' form by recording the calls that it makes to the canonical solution. For 152
of the 164 tasks these are exactly EvalPlus' base inputs, in order.
"""

import contextlib
import gc
import gzip
import hashlib
import json
import random
import select
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, NamedTuple

from attribution import errors, schema
from attribution.grading.runner import children
from attribution.grading.runner.evalplus_parts import (
    MBPP_OUTPUT_NOT_NONE_TASKS,
    humaneval,
    mbpp,
    trusted_exec,
)
from attribution.grading.runner.suites import Tests
from attribution.schema import Dataset, Suite

_VERSIONS = {  # MD5 of the JSON lines, as EvalPlus prints it
    "fe585eb4df8c88d844eeb463ea4d0302": "HumanEval+ v0.1.10",
    "ee43ecabebf20deef4bb776a405ac5b1": "MBPP+ v0.2.0",
}
_ORIGINAL = "HumanEval (original)"
_GZIP = b"\x1f\x8b"
_MOST_BYTES = 64 * 2**20  # of results kept for tasks other than the latest
_LOOK_SECONDS = 0.05


class Problem(NamedTuple):
    """One task as its data file has it, but for EvalPlus' inputs: those are read when needed.

    A fork copies the page tables of all that is in memory, so the inputs of 164 tasks cost every
    program a millisecond.
    """

    task: schema.Task
    fields: dict[str, Any]
    line: bytes  # of the data file; empty for the original HumanEval, which holds no inputs

    @property
    def atol(self) -> float:
        value: float = self.fields["atol"]
        return value


class Library:
    """The problems loaded so far, and the results of those canonical solutions that were needed."""

    def __init__(self) -> None:
        self._problems: dict[Dataset, dict[str, Problem]] = {}
        self._oracles: dict[str, dict[Suite, Tests]] = {}

    def load(self, dataset: Dataset, content: bytes, source: str) -> None:
        """Read a data file. Raises DataUnavailable when it is none."""
        try:
            text = gzip.decompress(content) if content.startswith(_GZIP) else content
            lines = text.split(b"\n")
            if dataset is Dataset.HUMANEVAL and "base_input" not in json.loads(lines[0]):
                problems, version = _originals(lines), _ORIGINAL
            else:
                problems, version = _without_inputs(dataset, lines), _version(dataset, text)
        except (ValueError, KeyError, AssertionError, TypeError, OSError, EOFError) as error:
            raise errors.DataUnavailable(
                f"{source} is no data file of EvalPlus for {dataset}: {error!r}"
            ) from error
        suites = (Suite.BASE, Suite.PLUS) if version != _ORIGINAL else (Suite.BASE,)
        self._problems[dataset] = {
            task_id: Problem(
                schema.Task(
                    task_id, dataset, fields["prompt"], fields["entry_point"], version, suites
                ),
                fields,
                line,
            )
            for task_id, (fields, line) in problems.items()
        }

    def set_examples(self, problem: Problem) -> Problem:
        """A function's own examples (examples.py), in the place of the last."""
        self._problems[Dataset.DOCTEST] = {problem.task.task_id: problem}
        return problem

    def ids(self, dataset: Dataset) -> tuple[str, ...]:
        return tuple(self._problems[dataset])

    def problem(self, task_id: str) -> Problem:
        """Raises UnknownTask, naming the nearest ids."""
        for problems in self._problems.values():
            if task_id in problems:
                return problems[task_id]
        raise errors.UnknownTask(f"There is no task {task_id!r}. {self._nearest(task_id)}")

    def _nearest(self, task_id: str) -> str:
        name, _, number = task_id.partition("/")
        ids = [known for problems in self._problems.values() for known in problems]
        same = [known for known in ids if known.startswith(f"{name}/")]
        if not same or not number.isdecimal():
            return "Ids look like HumanEval/65 and Mbpp/2."
        same.sort(key=lambda known: abs(int(known.partition("/")[2]) - int(number)))
        return f"The nearest are {', '.join(same[:3])}."

    def tests(self, problem: Problem, control: children.Control) -> dict[Suite, Tests]:
        """Inputs and expected results; the canonical solution runs the first time.

        It runs in this process: it is trusted, and sending its results from a child takes longer
        than computing them (780 MB for Mbpp/255). Raises Cancelled, and RunnerFailed when it
        does not get through.
        """
        task_id = problem.task.task_id
        if problem.task.dataset is Dataset.DOCTEST:
            return {Suite.DOCTEST: problem.fields["tests"]}
        if task_id not in self._oracles:
            gc.unfreeze()
            self._forget(_MOST_BYTES)
            try:
                with _listening(control):
                    self._oracles[task_id] = _oracle(problem)
            except (errors.Cancelled, EOFError):
                raise
            except Exception as error:
                raise errors.RunnerFailed(
                    f"The canonical solution of {task_id} raises {error!r}; "
                    f"is the data file ({problem.task.version}) intact?"
                ) from error
            # Else a collection in a child would walk, and copy, all of this.
            gc.freeze()
        return self._oracles[task_id]

    def _forget(self, most: int) -> None:
        """Drop the oldest results beyond `most` bytes: children share the limit on memory."""
        left = most
        for task_id in reversed(list(self._oracles)):
            left -= _size(list(self._oracles[task_id].values()), most)
            if left < 0:
                del self._oracles[task_id]


def _version(dataset: Dataset, text: bytes) -> str:
    digest = hashlib.md5(text, usedforsecurity=False).hexdigest()
    name = "HumanEval+" if dataset is Dataset.HUMANEVAL else "MBPP+"
    return _VERSIONS.get(digest, f"{name} (unknown release, md5 {digest[:8]})")


def _without_inputs(
    dataset: Dataset, lines: list[bytes]
) -> dict[str, tuple[dict[str, Any], bytes]]:
    """The fields of every task, and its line. One by one: the memory of the inputs is used anew."""
    problems = {}
    for line in filter(bytes.strip, lines):
        fields = _evalplus(dataset, line)
        del fields["base_input"], fields["plus_input"]
        problems[fields["task_id"]] = fields, line
    return problems


def _evalplus(dataset: Dataset, line: bytes) -> dict[str, Any]:
    """Through EvalPlus' own reader, which restores the types that JSON lacks."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(line)
        file.flush()
        found: dict[str, dict[str, Any]]
        if dataset is Dataset.HUMANEVAL:
            humaneval.HUMANEVAL_OVERRIDE_PATH = file.name
            found = humaneval.get_human_eval_plus()
        else:
            mbpp.MBPP_OVERRIDE_PATH = file.name
            found = mbpp.get_mbpp_plus()
    (fields,) = found.values()
    return fields


def _originals(lines: list[bytes]) -> dict[str, tuple[dict[str, Any], bytes]]:
    problems = {}
    for fields in map(json.loads, filter(None, lines)):
        if fields["entry_point"] == "max_fill":
            # Its docstring comes after an import and thus is none. EvalPlus' data have it right,
            # its get_human_eval (0.3.1) leaves the docstring's indentation broken.
            fields["prompt"] = "import math\n" + fields["prompt"].replace("    import math\n", "")
        # EvalPlus' tolerances; for results that are floats it takes 1e-6 by itself.
        fields["atol"] = 1e-4 if fields["entry_point"] == "find_zero" else 0
        if not isinstance(fields["test"], str):
            raise TypeError("`test` is no text")
        problems[fields["task_id"]] = fields, b""  # its inputs are recorded
    return problems


@contextlib.contextmanager
def _listening(control: children.Control) -> Iterator[None]:
    """Let the client cancel what runs in this process: `control` is asked now and then."""

    def look(_signal: int, _frame: object) -> None:
        if select.select([control.fileno()], [], [], 0)[0]:
            control.handle()

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _LOOK_SECONDS, _LOOK_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _size(value: object, most: int) -> int:
    """Bytes of `value` and what it holds; counting stops beyond `most`."""
    total, stack = 0, [value]
    while stack and total <= most:
        item = stack.pop()
        total += sys.getsizeof(item)
        if isinstance(item, dict):
            stack += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple | set | frozenset):
            stack += item
    return total


def _oracle(problem: Problem) -> dict[Suite, Tests]:
    """As evalplus.evaluate.get_groundtruth, for one task."""
    tests, line = {}, problem.line
    fields = _evalplus(problem.task.dataset, line) if line else problem.fields
    for suite in problem.task.suites:
        inputs = fields[f"{suite}_input"] if line else _record_inputs(fields)
        expected, seconds = trusted_exec(
            fields["prompt"] + fields["canonical_solution"],
            inputs,
            fields["entry_point"],
            record_time=True,
            output_not_none=problem.task.dataset is Dataset.MBPP
            and fields["entry_point"] in MBPP_OUTPUT_NOT_NONE_TASKS,
        )
        tests[suite] = Tests(inputs, expected, seconds, problem.atol)
    return tests


def _record_inputs(fields: dict[str, Any]) -> list[Any]:
    """The arguments of every call that `check` makes."""
    scope: dict[str, Any] = {}
    exec(fields["prompt"] + fields["canonical_solution"], scope)
    exec(fields["test"], scope)
    solution: Callable[..., object] = scope[fields["entry_point"]]
    inputs: list[Any] = []

    def candidate(*arguments: object) -> object:
        inputs.append(deepcopy(list(arguments)))
        return solution(*arguments)

    random.seed(0)  # two checks draw random strings
    scope["check"](candidate)
    return inputs

"""What is solved and how it went: tasks and verdicts."""

import math
import re
from enum import StrEnum

from attrs import frozen

_TASK_FOLDER = re.compile(r"[/\\](HumanEval|Mbpp)_(\d+)[/\\][^/\\]+\.py$")
_TASK_ID = re.compile(r"(?:HumanEval|Mbpp)/(?:0|[1-9]\d*)")
_ALMOST = re.compile(r"\W*(human[-_ ]?eval|mbpp)\D*?0*(\d+)\D*", re.IGNORECASE)
_DOCTEST = re.compile(r"Doctest/([A-Za-z_]\w*)(?:@[0-9a-f]+)?")
_DIGITS = 12  # of a digest, in an id


def task_id_from_path(path: str) -> str | None:
    """The EvalPlus task id that a sample's path names (`…/HumanEval_65/0.py`), or None."""
    match = _TASK_FOLDER.search(path)
    return f"{match[1]}/{int(match[2])}" if match else None


def doctest_id(function: str, digest: str = "") -> str:
    """The id of the task that a function's docstring examples set: `Doctest/median`.

    With a digest of the prompt it names one text; without, whatever the file says at the moment.
    """
    return f"Doctest/{function}@{digest[:_DIGITS]}" if digest else f"Doctest/{function}"


def doctest_function(task_id: str) -> str | None:
    """The function whose docstring examples the task are; None for EvalPlus' tasks."""
    match = _DOCTEST.fullmatch(task_id)
    return match[1] if match else None


def task_id_problem(task_id: str) -> str | None:
    """Why this can be no task's id, with the id that was perhaps meant; None where it can."""
    if _TASK_ID.fullmatch(task_id) or _DOCTEST.fullmatch(task_id):
        return None
    hint = "Ids look like HumanEval/65 and Mbpp/2."
    if (almost := _ALMOST.fullmatch(task_id)) is not None:
        name = "Mbpp" if almost[1].lower() == "mbpp" else "HumanEval"
        hint = f"Did you mean {name}/{almost[2]}?"
    return f"There is no task {task_id!r}. {hint}"


class Dataset(StrEnum):
    HUMANEVAL = "humaneval"
    MBPP = "mbpp"
    DOCTEST = "doctest"  # a function's own docstring examples


class Status(StrEnum):
    """Outcome of the tests."""

    PASS = "pass"
    FAIL = "fail"  # a wrong result or an exception
    TIMEOUT = "timeout"
    CRASH = "crash"  # the program took its process down or ran out of memory
    SYNTAX = "syntax"  # the sample is no Python


class Suite(StrEnum):
    BASE = "base"
    PLUS = "plus"
    DOCTEST = "docstring"  # the examples of DOCTEST, all there are


@frozen
class Task:
    """One problem, without its tests (they stay in the test runner)."""

    task_id: str
    dataset: Dataset
    prompt: str
    entry_point: str
    version: str  # of the data set, e.g. "HumanEval+ v0.1.10"
    suites: tuple[Suite, ...]  # what can be run: base alone where only HumanEval was found


@frozen
class Verdict:
    """What EvalPlus said about one program, told so that a person can act on it."""

    task_id: str
    status: Status
    suites: tuple[Suite, ...]  # which suites were run
    suite: Suite | None = None  # where the first failure is
    failing_input: str | None = None  # Python source of the call, e.g. "f([1, 2], 3)"
    expected: str | None = None  # repr
    actual: str | None = None  # repr; None where the program raised
    exception: str | None = None  # e.g. "IndexError: list index out of range"
    line: int | None = None  # 1-based line of the sample where it was raised
    message: str = ""  # one sentence for a person
    note: str = ""  # e.g. "base tests only", "passes only after EvalPlus' sanitiser"
    data_version: str = ""

    @property
    def passed(self) -> bool:
        return self.status is Status.PASS


@frozen
class LineCount:
    """How many runs executed one line of a program."""

    line: int  # 1-based, of the sample
    failed: int  # of the failing runs; a_ef in the literature
    passed: int  # of the passing runs; a_ep


@frozen
class Spectrum:
    """A program spectrum: the statement coverage of failing and passing runs.

    Lines that loading the program executes count in every run. A line that no run executed is
    left out. Both totals are 0 where the program cannot be run at all.
    """

    failed: int  # runs; a_ef + a_nf for every line
    passed: int
    lines: tuple[LineCount, ...] = ()  # by line


def ochiai(spectrum: Spectrum) -> dict[int, float]:
    """How suspicious each line of `spectrum` is, from 0 to 1.

    s(l) = a_ef / sqrt((a_ef + a_nf) · (a_ef + a_ep)), and 0 where no failing run executed l:
    the cosine between "executes l" and "fails" over all runs. Of the coefficients compared by
    Abreu, Zoeteweij and van Gemund (On the Accuracy of Spectrum-based Fault Localization,
    TAICPART-MUTATION 2007) it ranks the faulty statement highest.
    """
    return {
        count.line: count.failed / math.sqrt(spectrum.failed * (count.failed + count.passed))
        if count.failed
        else 0.0
        for count in spectrum.lines
    }

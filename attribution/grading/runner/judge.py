"""From a program to a verdict (inside the test runner).

1. The text as it is: base suite, then plus. This is what `evalplus.evaluate` says of the file.
2. If that fails and EvalPlus' sanitiser yields a different program, that one; if it passes, the
   verdict is a pass whose note says so.
3. Otherwise the failure of the text as it is, explained by an autopsy.

Where only pass or fail is asked for, and of hundreds of programs, those inputs come first that told
wrong programs of the task before: what fails there costs one process and a handful of calls.

EvalPlus measures wall time, so a busy machine may fail a right program. A failure that may have
been a time-out, and in which the autopsy finds none, is checked again, a few times, each with more
time for the input (where it is known) that the autopsy saw end within its limit.
"""

import ast
import signal

from attrs import evolve, frozen

from attribution import errors
from attribution.grading.runner import children, render
from attribution.grading.runner.autopsy import Autopsy, Ending, examine
from attribution.grading.runner.checks import Check, Result, check, time_limits
from attribution.grading.runner.evalplus_parts import TimeoutException, sanitize, time_limit
from attribution.grading.runner.problems import Library, Problem
from attribution.grading.runner.spectrum import take, visits
from attribution.grading.runner.suites import TestPlace, Tests, pick
from attribution.schema import Spectrum, Status, Suite, Verdict

# Inputs remembered per task. Of 157 wrong variants of wrong programs the one that failed last told
# 122, the last four 143.
_TELLING = 4
_SANITISER_SECONDS = 5.0  # it parses every run of lines: quadratic in the length of the text
_BASE_ONLY = "base tests only: EvalPlus' data could not be had, these are the original HumanEval's"
_SANITISED = "passes only after EvalPlus' sanitiser"
_SLOW = "a first run exceeded a time limit, a later one passed"
_FURTHER_CHECKS = 3  # of what may have been a time-out; each has more time for another input

_SUMMARY = {
    Result.FAILED: (Status.FAIL, "It gives a wrong result, raises, or takes too long."),
    Result.OVERDUE: (Status.TIMEOUT, "It took too long and was ended."),
    Result.DIED: (Status.CRASH, "It took its process down."),
}


@frozen
class _Failure:
    suite: Suite
    found: Check


class Judge:
    """Grades programs against one library of problems."""

    def __init__(self, library: Library, control: children.Control) -> None:
        self._library = library
        self._control = control
        self._telling: dict[str, list[TestPlace]] = {}  # by task, the one that failed last first

    def grade(self, task_id: str, code: str, *, thorough: bool) -> Verdict:
        """The verdict on `code`; `thorough=False` leaves out steps 2 and 3 and further checks.

        It then names an input on which the program fails, which need not be the first. A program
        that gets by only on what earlier calls left behind (a cache that spares it the recursion
        limit, say) may fail there, though EvalPlus passes it.

        Raises UnknownTask, Cancelled, RunnerFailed; InvalidSample (thorough only) where the
        entry point is missing.
        """
        problem = self._library.problem(task_id)
        tests = self._library.tests(problem, self._control)
        failure = None if thorough else self._telling_failure(problem, tests, code)
        failure = failure or self._first_failure(problem, tests, code)
        if failure is None:
            return _verdict(problem, Status.PASS, _passed(problem))
        if not thorough:
            return _summary(problem, tests, failure)
        if self._passes_sanitised(problem, tests, code):
            return _verdict(problem, Status.PASS, _passed(problem), _SANITISED)
        return self._explain(problem, tests, code, failure)

    def spectrum(self, task_id: str, code: str, seconds: float) -> Spectrum:
        """Which lines of `code` its failing and its passing runs execute; see spectrum.py.

        Raises as `grade(thorough=False)` does.
        """
        problem = self._library.problem(task_id)
        tests = self._library.tests(problem, self._control)
        places = visits(tests, self._telling.get(task_id, []))
        return take(problem, pick(tests, places), code, seconds, self._control)

    def _telling_failure(
        self, problem: Problem, tests: dict[Suite, Tests], code: str
    ) -> _Failure | None:
        """A failure on one of the inputs on which other programs failed."""
        places = self._telling.get(problem.task.task_id, [])
        if not places:
            return None
        found = check(problem, pick(tests, places), code, self._control)
        if found.result is Result.PASSED:
            return None
        if not found.started:  # it cannot be loaded and thus fails the first suite
            return _Failure(next(iter(tests)), found)
        if found.failing is None:  # it ended between two inputs: let the suites find out
            return None
        suite, index = places[found.failing]
        return self._remembered(problem, _Failure(suite, evolve(found, failing=index)))

    def _first_failure(
        self, problem: Problem, tests: dict[Suite, Tests], code: str
    ) -> _Failure | None:
        for suite, wanted in tests.items():
            found = check(problem, wanted, code, self._control)
            if found.result is not Result.PASSED:
                return self._remembered(problem, _Failure(suite, found))
        return None

    def _remembered(self, problem: Problem, failure: _Failure) -> _Failure:
        if failure.found.failing is not None:
            place, known = (failure.suite, failure.found.failing), self._telling
            others = [other for other in known.get(problem.task.task_id, []) if other != place]
            known[problem.task.task_id] = [place, *others][:_TELLING]
        return failure

    def _passes_sanitised(self, problem: Problem, tests: dict[Suite, Tests], code: str) -> bool:
        entry_point = problem.task.entry_point

        def work(report: int) -> None:
            with open(report, "wb", closefd=False) as stream:
                stream.write(_sanitised(code, entry_point).encode())

        ended = children.run(
            work,
            lambda seconds: seconds > _SANITISER_SECONDS + 1,
            self._control,
            largest_report=len(code.encode()) + 1024,
        )
        text = ended.report.decode() if ended.exit_code == 0 else ""
        return bool(text) and self._first_failure(problem, tests, text) is None

    def _explain(
        self, problem: Problem, tests: dict[Suite, Tests], code: str, failure: _Failure
    ) -> Verdict:
        seen, patient = self._autopsy(problem, tests, code, failure), tests
        for _ in range(_FURTHER_CHECKS):
            if seen.kind not in (Ending.RETURNED, Ending.SPARED) or not _may_be_slow(
                patient, failure
            ):
                break
            patient = _more_time(patient, failure)
            again = self._first_failure(problem, patient, code)
            if again is None:
                return _verdict(problem, Status.PASS, _passed(problem), _SLOW)
            failure = again
            seen = self._autopsy(problem, tests, code, failure)
        else:
            if failure.found.failing is not None:  # it waits in checks, never in the autopsy
                seen = evolve(seen, kind=Ending.SPARED)
        return _explained(problem, tests, failure, seen)

    def _autopsy(
        self, problem: Problem, tests: dict[Suite, Tests], code: str, failure: _Failure
    ) -> Autopsy:
        return examine(problem, tests[failure.suite], code, failure.found, self._control)


def _sanitised(code: str, entry_point: str) -> str:
    """EvalPlus' sanitised text, or nothing where it is the same program or takes too long."""
    try:
        with time_limit(_SANITISER_SECONDS):
            text: str = sanitize(code, entry_point)
        return "" if _tree(text) == _tree(code) else text
    except (TimeoutException, RecursionError, MemoryError, ValueError):
        return ""


def _tree(code: str) -> str | None:
    try:
        return ast.dump(ast.parse(code))
    except SyntaxError:
        return None


def _may_be_slow(tests: dict[Suite, Tests], failure: _Failure) -> bool:
    """Whether the failed run lasted long enough for an input to exceed its limit."""
    limits = time_limits(tests[failure.suite])
    index = failure.found.failing
    shortest = limits[index] if index is not None else min(limits, default=0.0)
    return failure.found.seconds >= shortest


def _more_time(tests: dict[Suite, Tests], failure: _Failure) -> dict[Suite, Tests]:
    """For the input that failed: EvalPlus' factor times what it had."""
    wanted, index = tests[failure.suite], failure.found.failing
    if index is None:
        return tests
    return {**tests, failure.suite: wanted.slower(index, time_limits(wanted)[index])}


def _verdict(problem: Problem, status: Status, message: str, note: str = "") -> Verdict:
    suites = problem.task.suites
    notes = [note, problem.fields.get("note") or ("" if Suite.PLUS in suites else _BASE_ONLY)]
    return Verdict(
        task_id=problem.task.task_id,
        status=status,
        suites=suites,
        message=message,
        note="; ".join(filter(None, notes)),
        data_version=problem.task.version,
    )


def _passed(problem: Problem) -> str:
    return f"Passes all {' and '.join(problem.task.suites)} tests."


def _summary(problem: Problem, tests: dict[Suite, Tests], failure: _Failure) -> Verdict:
    status, message = _SUMMARY[failure.found.result]
    return _placed(_verdict(problem, status, message), problem, tests, failure)


def _placed(
    verdict: Verdict, problem: Problem, tests: dict[Suite, Tests], failure: _Failure
) -> Verdict:
    """With the suite and, where known, the failing call and what it should return."""
    index, wanted = failure.found.failing, tests[failure.suite]
    if index is None:
        return evolve(verdict, suite=failure.suite)
    return evolve(
        verdict,
        suite=failure.suite,
        failing_input=render.call(problem, wanted, index),
        expected=render.expected(problem, wanted, index),
    )


def _explained(
    problem: Problem, tests: dict[Suite, Tests], failure: _Failure, seen: Autopsy
) -> Verdict:
    if seen.kind is Ending.MISSING:
        raise errors.InvalidSample(
            f"The sample does not define `{problem.task.entry_point}`, which the tests of "
            f"{problem.task.task_id} call. It defines: {', '.join(seen.names) or 'nothing'}."
        )
    # The input that the autopsy saw fail; they differ where the program is not deterministic.
    failure = evolve(failure, found=evolve(failure.found, failing=seen.index))
    status, message = _story(tests[failure.suite], failure, seen)
    verdict = _placed(_verdict(problem, status, message), problem, tests, failure)
    return evolve(
        verdict,
        actual=seen.text if seen.kind is Ending.RETURNED else None,
        exception=seen.text if seen.kind in (Ending.RAISED, Ending.SYNTAX) else None,
        line=seen.line,
    )


def _story(tests: Tests, failure: _Failure, seen: Autopsy) -> tuple[Status, str]:
    """Status and one sentence for a person."""
    where = f" in line {seen.line}" if seen.line is not None else ""
    at = "while it is loaded" if seen.index is None else f"in a {failure.suite} test"
    match seen.kind:
        case Ending.RETURNED:
            return Status.FAIL, f"It returns a wrong result {at}."
        case Ending.SYNTAX:
            return Status.SYNTAX, f"It is no Python{where}: {seen.text}."
        case Ending.RAISED if seen.text.partition(":")[0] == "MemoryError":
            return Status.CRASH, f"It runs out of memory{where} {at}."
        case Ending.RAISED:
            return Status.FAIL, f"It raises {seen.text.partition(':')[0]}{where} {at}."
        case Ending.TIMEOUT if seen.index is not None:
            limit = time_limits(tests)[seen.index]
            return Status.TIMEOUT, f"It takes longer than {limit:.1f} s {at}."
        case Ending.TIMEOUT:
            return Status.TIMEOUT, f"It takes too long {at}."
        case Ending.SPARED:
            return _SUMMARY[failure.found.result][0], "It fails, but not every time."
    return Status.CRASH, f"It takes its process down {at} ({_exit(seen.exit_code)})."


def _exit(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"

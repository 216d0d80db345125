"""Which lines the failing and the passing runs of a program execute."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution import errors
from attribution.grading.grader import Grader
from attribution.schema import LineCount, Spectrum, ochiai
from tests.attribution.grading.conftest import HUMANEVAL, POLY

PATIENT = 120.0  # seconds: on no machine does the time run out
# Of the four inputs ([1, 2], [3], [4, 5, 6] and []) the last one takes line 3.
BRANCH = """def last(items):
    if not items:
        {wrong}
    size = len(items)
    return items[size - 1]
"""
PASSING_LINES = {1: (1, 3), 2: (1, 3), 4: (0, 3), 5: (0, 3)}
EMPTY = Spectrum(failed=0, passed=0)


def _counts(spectrum: Spectrum) -> dict[int, tuple[int, int]]:
    return {count.line: (count.failed, count.passed) for count in spectrum.lines}


@pytest.mark.parametrize(
    "wrong",
    [
        "return 0",
        "raise SystemExit",
        "return last(items)",  # the trace itself meets the limit of the recursion
        "import os; os._exit(0)",
        "import signal; signal.raise_signal(9)",
        "[0] * 10**10",
        "while True: pass",
    ],
)
def test_line_of_the_failure_is_taken_by_the_failing_run_alone(grader: Grader, wrong: str) -> None:
    spectrum = grader.spectrum("HumanEval/0", BRANCH.format(wrong=wrong), seconds=PATIENT)

    assert (spectrum.failed, spectrum.passed) == (1, 3)
    assert _counts(spectrum) == {**PASSING_LINES, 3: (1, 0)}
    scores = ochiai(spectrum)
    assert scores[3] == 1.0 == max(scores.values())


def test_runs_behind_an_input_that_ends_the_process_are_seen(grader: Grader) -> None:
    leaves = "def last(items):\n    if len(items) < 3:\n        import os; os._exit(1)\n"
    spectrum = grader.spectrum("HumanEval/0", leaves + "    return items[-1]\n", seconds=PATIENT)

    assert (spectrum.failed, spectrum.passed) == (3, 1)
    assert _counts(spectrum) == {1: (3, 1), 2: (3, 1), 3: (3, 0), 4: (0, 1)}


def test_hang_that_outlasts_the_time_shows_its_lines(grader: Grader) -> None:
    """A loop in C never sees EvalPlus' alarm, which comes after a second."""
    code = "def last(items):\n    items = iter(int, 1)\n    return sum(items)\n"
    spectrum = grader.spectrum("HumanEval/0", code, seconds=5)

    assert (spectrum.failed, spectrum.passed) == (1, 0)
    assert _counts(spectrum) == {1: (1, 0), 2: (1, 0), 3: (1, 0)}


def test_lines_of_helpers_comprehensions_and_generators(grader: Grader) -> None:
    code = (
        "def ends(items):\n"
        "    yield from (\n"
        "        item for item in items[-1:]\n"
        "    )\n"
        "\n"
        "class Helper:\n"
        "    def first(self, items):\n"
        "        for item in ends(items):\n"
        "            return item\n"
        "        return 0\n"
        "\n"
        "def last(items):\n"
        "    return Helper().first(items)\n"
    )
    counts = _counts(grader.spectrum("HumanEval/0", code, seconds=PATIENT))

    assert counts[3] == (1, 3)
    assert counts[8] == (1, 3)
    assert counts[9] == (0, 3)
    assert counts[10] == (1, 0)
    assert 5 not in counts


def test_right_program_has_passing_runs_only(grader: Grader) -> None:
    right = "def last(items):\n    return items[-1] if items else None\n"
    spectrum = grader.spectrum("HumanEval/0", right, seconds=PATIENT)

    assert (spectrum.failed, spectrum.passed) == (0, 4)
    assert set(ochiai(spectrum).values()) == {0.0}


def test_silent_oracle(grader: Grader) -> None:
    """EvalPlus records nothing where find_zero passes."""
    code = POLY + "    if xs[1] == 3:\n        return 0\n    return -xs[0] / xs[1]\n"
    spectrum = grader.spectrum("HumanEval/32", code, seconds=PATIENT)
    line = POLY.count("\n") + 2

    assert (spectrum.failed, spectrum.passed) == (1, 2)
    assert _counts(spectrum)[line] == (1, 0)
    assert _counts(spectrum)[line + 1] == (0, 2)


def test_calls_are_traced_in_the_order_in_which_they_were_tried(grader: Grader) -> None:
    """The first call fails, on whatever input."""
    code = (
        "calls = []\n"
        "def last(items):\n"
        "    calls.append(items)\n"
        "    if len(calls) == 1:\n"
        "        return 'wrong'\n"
        "    return items[-1] if items else None\n"
    )
    counts = _counts(grader.spectrum("HumanEval/0", code, seconds=PATIENT))

    assert (counts[5], counts[6]) == ((1, 0), (0, 3))


def test_run_that_goes_differently_under_the_trace_is_left_out(grader: Grader) -> None:
    code = (
        "import sys\ndef last(items):\n    return items[-1] if items and not sys.gettrace() else "
    )
    failing = grader.spectrum("HumanEval/0", code + "None\n", seconds=PATIENT)

    assert (failing.failed, failing.passed) == (0, 1)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "def last(items:\n",
        "def last(items):\n    return '\0'\n",
        "(" * 5000,
        "x = 1\n",
        "import no_such_module\ndef last(items):\n    return 0\n",
        "import os\nos._exit(0)\n",
        "import posix\nposix.kill(posix.getppid(), 9)\n",  # the runner
        "x = '\ud83d'\n",
    ],
)
def test_program_that_cannot_be_run_has_an_empty_spectrum(grader: Grader, code: str) -> None:
    assert grader.spectrum("HumanEval/0", code, seconds=PATIENT) == EMPTY


def test_program_that_never_gets_loaded_has_an_empty_spectrum(grader: Grader) -> None:
    assert grader.spectrum("HumanEval/0", "while True: pass\n", seconds=0.2) == EMPTY


def test_cancel_ends_the_run(grader: Grader) -> None:
    due = time.monotonic() + 0.3

    def give_up() -> None:
        if time.monotonic() > due:
            raise errors.Cancelled

    with pytest.raises(errors.Cancelled):
        grader.spectrum("HumanEval/0", "while True: pass\n", give_up, seconds=PATIENT)
    assert time.monotonic() < due + PATIENT / 2
    assert grader.grade("HumanEval/0", str(HUMANEVAL[0]["prompt"]) + "    return 0\n").suite


def test_ochiai_by_hand() -> None:
    spectrum = Spectrum(4, 9, (LineCount(1, 4, 9), LineCount(2, 4, 0), LineCount(3, 0, 9)))

    assert ochiai(spectrum) == {1: pytest.approx(2 / 13**0.5), 2: 1.0, 3: 0.0}
    assert ochiai(EMPTY) == {}


@given(st.data(), st.integers(0, 8), st.integers(0, 24))
def test_ochiai_is_a_cosine(data: st.DataObject, failed: int, passed: int) -> None:
    """Of the vectors "executes the line" and "fails", whose entries are runs."""
    fails = [True] * failed + [False] * passed
    takes = data.draw(st.lists(st.booleans(), min_size=len(fails), max_size=len(fails)))
    both = sum(a and b for a, b in zip(fails, takes, strict=True))
    spectrum = Spectrum(failed, passed, (LineCount(7, both, sum(takes) - both),))

    norms = (sum(fails) * sum(takes)) ** 0.5
    assert ochiai(spectrum)[7] == pytest.approx(both / norms if norms else 0.0)

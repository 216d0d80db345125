"""Programs of one task after another: the inputs that told the earlier ones come first."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from attribution.grading.grader import Grader
from attribution.grading.runner import suites
from attribution.schema import Status, Suite
from tests.attribution.grading.conftest import HUMANEVAL, write_tasks

HEAD = "def last(items):\n"
RIGHT = HEAD + "    return items[-1] if items else None\n"
ALWAYS_WRONG = HEAD + "    return 'wrong'\n"
EMPTY_WRONG = HEAD + "    return items[-1] if items else 0\n"
HALVES = {
    **HUMANEVAL[0],
    "task_id": "HumanEval/1",
    "prompt": "def halves(items):\n",
    "entry_point": "halves",
    "canonical_solution": "    return [i / 2 if i % 2 else i // 2 for i in items]\n",
    "base_input": [[[1, 3]], [[1, 2]]],
    "plus_input": [],
}


@pytest.fixture
def own_grader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Grader]:
    """One that has not seen any program yet."""
    path = write_tasks(tmp_path / "h.jsonl", [*HUMANEVAL, HALVES])
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", path)
    grader = Grader()
    yield grader
    grader.close()


def test_input_that_failed_before_is_tried_first(own_grader: Grader) -> None:
    [before] = own_grader.grade_many("HumanEval/0", [ALWAYS_WRONG])
    own_grader.grade("HumanEval/0", EMPTY_WRONG)
    [after] = own_grader.grade_many("HumanEval/0", [ALWAYS_WRONG])

    assert (before.suite, before.failing_input) == (Suite.BASE, "last([1, 2])")
    assert (after.suite, after.failing_input) == (Suite.PLUS, "last([])")
    assert (after.status, after.expected, after.message) == (Status.FAIL, "None", before.message)


def test_thorough_verdicts_name_the_first_failure_whatever_came_before(own_grader: Grader) -> None:
    before = own_grader.grade("HumanEval/0", ALWAYS_WRONG)
    own_grader.grade_many("HumanEval/0", [EMPTY_WRONG])

    assert own_grader.grade("HumanEval/0", ALWAYS_WRONG) == before


def test_what_passes_the_telling_inputs_meets_all_others(own_grader: Grader) -> None:
    own_grader.grade("HumanEval/0", EMPTY_WRONG)
    third = HEAD + "    return 3 if items else None\n"

    right, wrong, right_again = own_grader.grade_many("HumanEval/0", [RIGHT, third, RIGHT])

    assert right.passed
    assert right_again.passed
    assert wrong.failing_input == "last([1, 2])"


def test_program_that_cannot_be_loaded_fails_the_first_suite(own_grader: Grader) -> None:
    broken = [HEAD, "import no_such_module\n" + RIGHT, "def first(items):\n    return 0\n"]
    before = own_grader.grade_many("HumanEval/0", broken)
    own_grader.grade("HumanEval/0", EMPTY_WRONG)

    assert own_grader.grade_many("HumanEval/0", broken) == before
    assert {(verdict.suite, verdict.failing_input) for verdict in before} == {(Suite.BASE, None)}


def test_violent_end_on_a_telling_input(own_grader: Grader) -> None:
    own_grader.grade("HumanEval/0", EMPTY_WRONG)
    leaves = HEAD + "    import os\n    return items[-1] if items else os._exit(0)\n"

    [verdict] = own_grader.grade_many("HumanEval/0", [leaves])

    assert (verdict.status, verdict.failing_input) == (Status.CRASH, "last([])")


def test_silent_oracle_is_judged_as_ever(own_grader: Grader) -> None:
    """HumanEval/32 records no results, so that there is no input to remember."""
    prompt = str(HUMANEVAL[1]["prompt"])
    programs = [prompt + f"    return -xs[0] / {slope}\n" for slope in ("xs[1]", "2", "xs[1]")]

    verdicts = own_grader.grade_many("HumanEval/32", programs)

    assert [verdict.passed for verdict in verdicts] == [True, False, True]


def test_tolerance_is_that_of_the_whole_suite(own_grader: Grader) -> None:
    """Behind the first result of floats EvalPlus has one, also for lists that hold integers."""
    ends_in_two = "def halves(items):\n    return [0.5, 2] if 2 in items else [0.5, 1.5]\n"
    nearly = "def halves(items):\n    return [0.5 + 1e-9, 1 if 2 in items else 1.5]\n"
    [wrong] = own_grader.grade_many("HumanEval/1", [ends_in_two])
    [right] = own_grader.grade_many("HumanEval/1", [nearly])

    assert wrong.failing_input == "halves([1, 2])"
    assert right.passed


def test_parts_of_suites_keep_order_limits_and_the_largest_tolerance() -> None:
    base = suites.Tests([["a"], ["b"]], ["A", 0.5], [0.1, 0.2], 0.0)
    plus = suites.Tests([["c"], ["d"]], ["C", "D"], [0.3, 0.4], 0.0)
    both = {Suite.BASE: base, Suite.PLUS: plus}

    exact = suites.pick(both, [(Suite.PLUS, 1), (Suite.BASE, 0)])
    mixed = suites.pick(both, [(Suite.PLUS, 0), (Suite.BASE, 1)])

    assert exact == suites.Tests([["d"], ["a"]], ["D", "A"], [0.4, 0.1], 0.0)
    assert mixed == suites.Tests([["c"], ["b"]], ["C", 0.5], [0.3, 0.2], 1e-6)
    assert mixed.at([1]) == suites.Tests([["b"]], [0.5], [0.2], 1e-6)

"""What the grader says of programs that go right and wrong in every way."""

import pytest

from attribution import errors
from attribution.grading.grader import Grader
from attribution.schema import Dataset, Status, Suite
from tests.attribution.grading.conftest import HUMANEVAL, POLY

HEAD = "def last(items):\n"
RIGHT = HEAD + "    return items[-1] if items else None\n"


def test_right_program_passes_base_and_plus(grader: Grader) -> None:
    verdict = grader.grade("HumanEval/0", RIGHT)

    assert verdict.status is Status.PASS
    assert verdict.suites == (Suite.BASE, Suite.PLUS)
    assert verdict.suite is None
    assert verdict.note == ""


def test_wrong_result_names_call_expected_and_actual(grader: Grader) -> None:
    verdict = grader.grade("HumanEval/0", HEAD + "    return items[0]\n")

    assert verdict.status is Status.FAIL
    assert verdict.suite is Suite.BASE
    assert verdict.failing_input == "last([1, 2])"
    assert (verdict.expected, verdict.actual) == ("2", "1")
    assert verdict.exception is None


def test_exception_has_the_line_of_the_sample(grader: Grader) -> None:
    verdict = grader.grade("HumanEval/0", HEAD + "    n = len(items)\n    return items[n - 1]\n")

    assert verdict.status is Status.FAIL
    assert verdict.suite is Suite.PLUS
    assert verdict.failing_input == "last([])"
    assert verdict.exception == "IndexError: list index out of range"
    assert verdict.line == 3
    assert verdict.actual is None


def test_endless_loop_is_a_timeout(grader: Grader) -> None:
    verdict = grader.grade("HumanEval/0", HEAD + "    while True:\n        pass\n")

    assert verdict.status is Status.TIMEOUT
    assert verdict.failing_input == "last([1, 2])"
    assert "1.0 s" in verdict.message


# The autopsy runs a program under a name of its own. One that is slow under any other is like one
# that a busy machine let wait in the check alone: it sleeps longer than EvalPlus' shortest limit.
WAITS = (
    "import sys, time\n"
    + HEAD
    + "    if len(items) > 1 and sys._getframe().f_code.co_filename != '<sample>':\n"
    + "        time.sleep(1.3)\n"
)


def test_right_program_that_had_to_wait_passes(grader: Grader) -> None:
    verdict = grader.grade("HumanEval/0", WAITS + "    return items[-1] if items else None\n")

    assert verdict.status is Status.PASS
    assert "time limit" in verdict.note


def test_wrong_program_that_had_to_wait_fails_for_its_result(grader: Grader) -> None:
    verdict = grader.grade("HumanEval/0", WAITS + "    return items[0]\n")

    assert verdict.status is Status.FAIL
    assert (verdict.failing_input, verdict.actual) == ("last([1, 2])", "1")


@pytest.mark.slow
def test_a_program_that_waits_in_every_check_is_not_said_to_return_something_wrong(
    grader: Grader,
) -> None:
    waits = WAITS.replace("len(items) > 1 and ", "")  # in all four inputs
    verdict = grader.grade("HumanEval/0", waits + "    return items[-1] if items else None\n")

    assert verdict.status is Status.FAIL
    assert verdict.actual is None
    assert "not every time" in verdict.message


def test_syntax_error_has_its_line(grader: Grader) -> None:
    verdict = grader.grade("HumanEval/0", HEAD + "    return items[\n")

    assert verdict.status is Status.SYNTAX
    assert verdict.line == 2
    assert verdict.exception is not None
    assert verdict.exception.startswith("SyntaxError")
    assert verdict.failing_input is None


def test_null_byte_is_a_syntax_error(grader: Grader) -> None:
    assert grader.grade("HumanEval/0", RIGHT.replace("-1", "\0")).status is Status.SYNTAX


@pytest.mark.parametrize(
    ("body", "status", "story"),
    [
        ("    return [0] * 10**10\n", Status.CRASH, "memory"),
        ("    import os\n    os._exit(0)\n", Status.CRASH, "exit code 0"),
        ("    import signal\n    signal.raise_signal(9)\n", Status.CRASH, "SIGKILL"),
        ("    raise SystemExit(0)\n", Status.FAIL, "SystemExit"),
        ("    return last(items)\n", Status.FAIL, "RecursionError"),
        ("    return open('/etc/passwd')\n", Status.FAIL, "TypeError"),
    ],
)
def test_violent_ends(grader: Grader, body: str, status: Status, story: str) -> None:
    verdict = grader.grade("HumanEval/0", HEAD + body)

    assert verdict.status is status
    assert story in verdict.message
    assert verdict.failing_input == "last([1, 2])"


def test_failure_while_loading_is_told_apart(grader: Grader) -> None:
    verdict = grader.grade("HumanEval/0", "import no_such_module\n" + RIGHT)

    assert verdict.status is Status.FAIL
    assert verdict.line == 1
    assert verdict.failing_input is None
    assert "loaded" in verdict.message


def test_noise_on_every_stream_does_not_reach_the_frames(grader: Grader) -> None:
    noise = (
        "    import os, sys\n"
        "    print('x' * 10**5)\n"
        "    sys.__stdout__.write('y' * 10**5)\n"
        "    for descriptor in range(20):\n"
        "        try: os.write(descriptor, b'z' * 100)\n"
        "        except OSError: pass\n"
    )
    right = HEAD + noise + "    return items[-1] if items else None\n"

    assert grader.grade("HumanEval/0", right).passed
    assert grader.grade("HumanEval/0", HEAD + noise + "    return 0\n").status is not Status.PASS
    assert grader.grade("HumanEval/0", RIGHT).passed


def test_what_a_program_forks_is_gone_when_its_verdict_comes(grader: Grader) -> None:
    """The fork leaves its session and holds its standard streams; its pulse stops all the same."""
    forks = (
        "    import posix, time\n"
        "    if posix.fork() == 0:\n"
        "        posix.setsid()\n"
        "        while True: time.sleep(0.01)\n"
        "    return items[-1] if items else None\n"
    )
    count = (
        HEAD
        + "    import posix\n"
        + "    mine = [p for p in posix.listdir('/proc') if p.isdigit()]\n"
        + "    return len(mine)\n"
    )
    before = grader.grade("HumanEval/0", count).actual

    grader.grade("HumanEval/0", HEAD + forks)

    assert grader.grade("HumanEval/0", count).actual == before


def test_hostile_repr_is_reported_not_obeyed(grader: Grader) -> None:
    code = "class Odd:\n    def __repr__(self):\n        while True: pass\n\n\n" + HEAD
    verdict = grader.grade("HumanEval/0", code + "    return Odd()\n")

    assert verdict.status is Status.FAIL
    assert verdict.actual == "<Odd, whose repr raises TimeoutException>"


def test_long_values_are_shortened_and_say_so(grader: Grader) -> None:
    verdict = grader.grade("HumanEval/0", HEAD + "    return 'x' * 10**6\n")

    assert verdict.actual is not None
    assert len(verdict.actual) < 1100
    assert "characters left out" in verdict.actual


def test_state_from_earlier_calls_is_replayed(grader: Grader) -> None:
    """Wrong on the second input only, because the first one was seen."""
    code = "seen = []\n\n\n" + HEAD + "    seen.append(1)\n    return items[-1] * len(seen)\n"
    verdict = grader.grade("HumanEval/0", code)

    assert verdict.failing_input == "last([3])"
    assert verdict.actual == "6"


def test_result_in_any_order_passes_where_evalplus_says_so(grader: Grader) -> None:
    wrong = grader.grade("Mbpp/2", "def similar_elements(a, b):\n    return (1,)\n")

    assert grader.grade("Mbpp/2", "def similar_elements(a, b):\n    return {*a} & {*b}\n").passed
    assert wrong.failing_input == "similar_elements((3, 4, 5), (5, 4, 7))"
    assert wrong.expected is not None
    assert wrong.expected.endswith("in any order")


def test_find_zero_is_judged_by_its_oracle(grader: Grader) -> None:
    """EvalPlus 0.3.1 itself fails the correct solution."""
    right = grader.grade("HumanEval/32", POLY + "    return -xs[0] / xs[1]\n")
    wrong = grader.grade("HumanEval/32", POLY + "    return -xs[0] / 2\n")
    no_number = grader.grade("HumanEval/32", POLY + "    return None\n")

    assert right.passed
    assert wrong.failing_input == "find_zero([6, 3])"
    assert wrong.actual == "-3.0"
    assert (no_number.failing_input, no_number.actual) == ("find_zero([1, 2])", "None")


def test_text_around_the_code_passes_through_the_sanitiser(grader: Grader) -> None:
    verdict = grader.grade("HumanEval/0", f"Here you are:\n```python\n{RIGHT}```\nGood luck!\n")

    assert verdict.passed
    assert "sanitiser" in verdict.note
    assert not grader.grade_many("HumanEval/0", [f"```\n{RIGHT}```"])[0].passed


def test_many_programs_at_once(grader: Grader) -> None:
    programs = [RIGHT, HEAD + "    return items[-1]\n", "", "x = 1\n", "def", RIGHT]
    verdicts = grader.grade_many("HumanEval/0", programs)

    assert [verdict.passed for verdict in verdicts] == [True, False, False, False, False, True]
    assert verdicts[1].suite is Suite.PLUS
    assert verdicts[1].failing_input == "last([])"


@pytest.mark.parametrize("code", ["", "\n  \n"])
def test_empty_sample_is_an_error(grader: Grader, code: str) -> None:
    with pytest.raises(errors.InvalidSample, match="empty"):
        grader.grade("HumanEval/0", code)


def test_half_a_character_is_an_error_but_not_in_rollouts(grader: Grader) -> None:
    odd = RIGHT + "# \ud83d\n"
    with pytest.raises(errors.InvalidSample, match="surrogate"):
        grader.grade("HumanEval/0", odd)
    assert grader.grade_many("HumanEval/0", [odd])[0].passed


def test_missing_entry_point_is_an_error_that_names_it(grader: Grader) -> None:
    with pytest.raises(errors.InvalidSample, match=r"`last`.* It defines: first\."):
        grader.grade("HumanEval/0", "def first(items):\n    return items[0]\n")


@pytest.mark.parametrize(
    ("task_id", "hint"),
    [
        ("HumanEval/31", "HumanEval/32"),
        ("human_eval_65", "Did you mean HumanEval/65"),
        ("MBPP/2", "Did you mean Mbpp/2"),
        ("nonsense", "HumanEval/65 and Mbpp/2"),
    ],
)
def test_unknown_task_says_which_there_are(grader: Grader, task_id: str, hint: str) -> None:
    with pytest.raises(errors.UnknownTask, match=hint):
        grader.grade(task_id, RIGHT)


def test_tasks_and_their_prompts(grader: Grader) -> None:
    assert grader.tasks(Dataset.HUMANEVAL) == ("HumanEval/0", "HumanEval/32")
    task = grader.task("HumanEval/0")
    assert (task.entry_point, task.prompt) == ("last", HUMANEVAL[0]["prompt"])
    assert task.version.startswith("HumanEval+ (unknown release")

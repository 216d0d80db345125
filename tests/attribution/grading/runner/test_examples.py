"""Functions judged by the examples of their own docstrings."""

from typing import Any, cast

import pytest

from attribution.errors import Cancelled, InvalidSample, UnknownTask
from attribution.grading import messages
from attribution.grading.grader import Grader
from attribution.grading.runner import __main__ as runner
from attribution.grading.runner import examples
from attribution.grading.runner.judge import Judge
from attribution.grading.runner.problems import Library, Problem
from attribution.schema import Dataset, Status, Suite

HEAD = '''import math

def median(values):
    """The middle one.

    >>> median([3, 1, 2])
    2
    >>> median([4, 1, 2, 3])
    2.5
    """
'''
RIGHT = """    values = sorted(values)
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2
"""
WRONG = "    return sorted(values)[len(values) // 2]\n"


def one(function: str, docstring: str, body: str = "return None") -> str:
    """A program with one function."""
    return f'def {function}(*values):\n    """{docstring}\n    """\n    {body}\n'


def test_the_prompt_ends_with_the_docstring(grader: Grader) -> None:
    task = grader.examples("median", HEAD + RIGHT)
    assert (task.prompt, task.entry_point) == (HEAD, "median")
    assert (task.dataset, task.suites) == (Dataset.DOCTEST, (Suite.DOCTEST,))
    assert task.task_id.startswith("Doctest/median@")
    assert grader.task(task.task_id) == task


def test_a_right_program_passes(grader: Grader) -> None:
    task = grader.examples("median", HEAD + RIGHT)
    verdict = grader.grade(task.task_id, HEAD + RIGHT)
    assert verdict.status is Status.PASS
    assert verdict.note == "judged by 2 of the 2 examples in its docstring"


def test_a_wrong_program_is_told_its_failing_example(grader: Grader) -> None:
    task = grader.examples("median", HEAD + WRONG)
    verdict = grader.grade(task.task_id, HEAD + WRONG)
    assert (verdict.status, verdict.suite) == (Status.FAIL, Suite.DOCTEST)
    assert verdict.failing_input == "median([4, 1, 2, 3])"
    assert (verdict.expected, verdict.actual) == ("2.5", "3")
    quick = grader.grade_many(task.task_id, [HEAD + WRONG, HEAD + RIGHT])
    assert [one.passed for one in quick] == [False, True]


def test_lines_of_failing_and_passing_examples_are_counted(grader: Grader) -> None:
    task = grader.examples("median", HEAD + WRONG)
    found = grader.spectrum(task.task_id, HEAD + WRONG)
    assert (found.failed, found.passed) == (1, 1)


def test_a_program_that_is_no_python_has_examples_all_the_same(grader: Grader) -> None:
    code = HEAD + "    return sorted(values\n"
    task = grader.examples("median", code)
    assert grader.grade(task.task_id, code).status is Status.SYNTAX


def test_other_examples_of_the_same_function_are_another_task(grader: Grader) -> None:
    first = grader.examples("median", HEAD + WRONG)
    other = HEAD.replace("2.5", "3") + WRONG
    second = grader.examples("median", other)
    assert first.task_id != second.task_id
    assert grader.grade(second.task_id, other).passed
    assert not grader.grade(first.task_id, HEAD + WRONG).passed  # loaded again


def test_examples_survive_their_runner(grader: Grader) -> None:
    task = grader.examples("median", HEAD + RIGHT)
    grader.close()
    assert grader.grade(task.task_id, HEAD + RIGHT).passed


def test_nothing_of_the_file_is_run_to_read_them(grader: Grader) -> None:
    code = "while True: pass\n" + one("f", ">>> f((lambda: exit())())\n    1\n    >>> f(1)\n    1")
    task = grader.examples("f", code)
    assert "judged by 1 of the 2" in grader.grade(task.task_id, one("f", "", "return 1")).note


@pytest.mark.parametrize(
    ("example", "reason"),
    [
        (">>> f(x)\n    1", "its arguments are no literals"),
        (">>> f(1)\n    <object at 0x1>", "its result is no literal"),
        (">>> f(1)\n    [1, ..., 9]", "its result is no literal"),
        (">>> f(1)", "it shows no result"),
        (
            ">>> f(1)\n    Traceback (most recent call last):\n    ValueError: 1",
            "it expects an exception",
        ),
        (">>> x = f(1)\n    1", "it is no expression"),
        (">>> f(1) + 1\n    1", "it is no plain call of f"),
        (">>> g(1)\n    1", "it is no plain call of f"),
        (">>> f" + ".a" * 400 + "(1)\n    1", "it is no plain call of f"),
        (">>> f(n=1)\n    1", "it has arguments by name"),
        (">>> f(*[1])\n    1", "it has arguments by name"),
        (">>> f(1)  # doctest: +ELLIPSIS\n    1", "it has options of doctest"),
    ],
)
def test_what_cannot_be_judged_says_why(grader: Grader, example: str, reason: str) -> None:
    with pytest.raises(InvalidSample, match=f"line 3: .*{reason}"):
        grader.examples("f", one("f", f"\n    {example}"))
    code = one("f", f"\n    {example}\n\n    >>> f(0)\n    7", "return 7")
    verdict = grader.grade(grader.examples("f", code).task_id, code)
    assert verdict.passed
    assert verdict.note == f"judged by 1 of the 2 examples in its docstring (line 3: {reason})"


def test_the_last_definition_counts_as_it_does_for_python(grader: Grader) -> None:
    code = one("f", ">>> f(1)\n    1") + "\n@staticmethod\n" + one("f", ">>> f(2)\n    3")
    task = grader.examples("f", code)
    assert task.prompt.endswith('>>> f(2)\n    3\n    """\n')


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("def f(x):\n    return x\n", "no docstring with examples"),
        (one("f", "No examples."), "no docstring with examples"),
        (one("g", ">>> f(1)\n    1"), "no docstring with examples"),
        ("x = '''\n>>> f(1)\n1\n'''\n", "no docstring with examples"),
        (one("f", ">>> f(1)\n    1").replace('"""', 'b"""', 1), "no docstring with examples"),
        (one("f", ">>>f(1)\n    1"), "cannot be read: line 1"),
    ],
)
def test_a_file_without_examples_is_refused(grader: Grader, code: str, says: str) -> None:
    with pytest.raises(InvalidSample, match=says):
        grader.examples("f", code)


@pytest.mark.parametrize("trouble", [RecursionError, TypeError, ValueError])
def test_what_nobody_thought_of_leaves_the_runner_alive(
    trouble: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def problem_of(code: str, function: str) -> Problem:
        raise trouble(code, function)

    monkeypatch.setattr(examples, "problem_of", problem_of)
    library = Library()
    judge = Judge(library, cast(Any, None))  # no program gets as far as being run
    with pytest.raises(InvalidSample, match=f"`f` cannot be read: {trouble.__name__}"):
        runner._answer(messages.LoadExamples("", "f"), library, judge)


def test_who_gives_up_while_examples_are_read_is_no_trouble_to_others(grader: Grader) -> None:
    other = HEAD.replace("2.5", "3") + WRONG
    first = grader.examples("median", HEAD + WRONG)

    def give_up() -> None:  # the request is sent already
        raise Cancelled

    with pytest.raises(Cancelled):
        grader.examples("median", other, give_up)
    assert not grader.grade(first.task_id, HEAD + WRONG).passed
    second = grader.examples("median", other)
    with pytest.raises(Cancelled):
        grader.grade(first.task_id, HEAD + WRONG, give_up)
    assert grader.grade(second.task_id, other).passed


def test_an_id_of_examples_means_nothing_without_their_file(grader: Grader) -> None:
    with pytest.raises(UnknownTask, match="those of one file"):
        grader.task("Doctest/nobody")

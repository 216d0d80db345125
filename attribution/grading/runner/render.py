"""Values of the tests as text for a person."""

from attribution.grading.runner.evalplus_parts import (
    MBPP_OUTPUT_NOT_NONE_TASKS,
    MBPP_OUTPUT_SET_EQ_TASKS,
)
from attribution.grading.runner.problems import Problem
from attribution.grading.runner.suites import Tests
from attribution.schema import Dataset

LONGEST = 1000  # characters of any value in a verdict


def shorten(text: str, longest: int = LONGEST) -> str:
    """`text`, its middle left out where it is longer than `longest`; says how much is missing."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]} … {len(text) - 2 * half} characters left out … {text[-half:]}"


def call(problem: Problem, tests: Tests, index: int) -> str:
    """The failing call as Python source; no longer valid Python where it had to be shortened."""
    arguments = ", ".join(_source(argument) for argument in tests.inputs[index])
    return f"{problem.task.entry_point}({shorten(arguments)})"


def expected(problem: Problem, tests: Tests, index: int) -> str:
    """What the call should return: a repr, or a sentence where more than one result is right."""
    value, name = tests.expected[index], problem.task.entry_point
    text = shorten(_source(value))
    if problem.task.dataset is Dataset.HUMANEVAL and name == "find_zero":
        return f"x with abs(poly(xs, x)) <= {problem.atol}, e.g. {text}"
    if problem.task.dataset is Dataset.MBPP:
        if name in MBPP_OUTPUT_NOT_NONE_TASKS:
            return "True, or any other result but None" if value else "False or None"
        if name in MBPP_OUTPUT_SET_EQ_TASKS:
            return f"{text}, in any order"
    if problem.atol and isinstance(value, float):
        return f"{text} ± {problem.atol}"
    return text


def _source(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # an integer of more digits than Python prints
        return f"<{type(value).__name__} too long to be shown>"

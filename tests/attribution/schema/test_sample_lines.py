"""A line of a samples file is read in one way, for the command line and for the server."""

import pytest

from attribution.schema.sample_lines import Program, program_of, read_line


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"task_id":', "is no JSON: Expecting value"),
        ("[" * 100_000, "is no JSON: "),
        ("[]", "is no JSON object"),
    ],
)
def test_what_is_no_object_says_why(line: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_line(line)


def test_a_solution_counts_before_a_completion() -> None:
    both = {"completion": "    return 1\n", "solution": "def f(): ...\n"}
    assert program_of(both) == Program("def f(): ...\n", completion=False)
    assert program_of({**both, "solution": None}) == Program("    return 1\n", completion=True)
    with pytest.raises(ValueError, match='has neither "solution" nor "completion"'):
        program_of({"solution": 3})

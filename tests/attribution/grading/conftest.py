"""A data set of a few tasks in EvalPlus' format: the fast tests need no download."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from attribution.grading.grader import Grader

POLY = '''import math


def poly(xs: list, x: float):
    """Value at x of the polynomial with coefficients xs."""
    return sum([coeff * math.pow(x, i) for i, coeff in enumerate(xs)])


def find_zero(xs: list):
    """A zero of the linear polynomial xs."""
'''

HUMANEVAL = [
    {
        "task_id": "HumanEval/0",
        "prompt": 'def last(items):\n    """The last item, or None."""\n',
        "entry_point": "last",
        "canonical_solution": "    return items[-1] if items else None\n",
        "test": "",
        "contract": "",
        "base_input": [[[1, 2]], [[3]]],
        "plus_input": [[[4, 5, 6]], [[]]],
        "atol": 0,
    },
    {
        "task_id": "HumanEval/32",
        "prompt": POLY,
        "entry_point": "find_zero",
        "canonical_solution": "    return -xs[0] / xs[1]\n",
        "test": "",
        "contract": "",
        "base_input": [[[1, 2]], [[6, 3]]],
        "plus_input": [[[0, 5]]],
        "atol": 0.0001,
    },
]
MBPP = [
    {
        "task_id": "Mbpp/2",
        "prompt": '"""\nWrite a function to find the shared elements.\n"""\n',
        "entry_point": "similar_elements",
        "canonical_solution": (
            "\ndef similar_elements(one, two):\n  return tuple(set(one) & set(two))\n"
        ),
        "contract": "",
        "assertion": "",
        "base_input": [[[3, 4, 5], [5, 4, 7]]],
        "plus_input": [[[], []]],
        "atol": 0,
    }
]


def write_tasks(path: Path, tasks: list[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(task) + "\n" for task in tasks))
    return str(path)


@pytest.fixture(scope="session")
def grader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grader]:
    """One warm runner for all tests of the small data set."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUMANEVAL_OVERRIDE_PATH", write_tasks(folder / "h.jsonl", HUMANEVAL))
        patch.setenv("MBPP_OVERRIDE_PATH", write_tasks(folder / "m.jsonl", MBPP))
        grader = Grader()
        grader.task("HumanEval/0")
        grader.task("Mbpp/2")
    yield grader
    grader.close()

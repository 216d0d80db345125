"""Against EvalPlus itself, on its real data (slow)."""

import ast
import gzip
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest

from attribution.errors import DataUnavailable
from attribution.grading.data import read
from attribution.grading.grader import Grader
from attribution.schema import Dataset, Suite, Verdict, ochiai

pytestmark = pytest.mark.slow

VARIABLES = {
    Dataset.HUMANEVAL: "HUMANEVAL_OVERRIDE_PATH",
    Dataset.MBPP: "MBPP_OVERRIDE_PATH",
}
# Cheap tasks of every kind: text, numbers, floats, tuples, sets, special oracles, tolerances.
TASKS = {
    Dataset.HUMANEVAL: (0, 2, 4, 12, 20, 33, 45, 65, 73, 87, 115, 137, 151, 163),
    Dataset.MBPP: (2, 6, 16, 63, 82, 115, 124, 164, 252, 295, 398, 558, 581, 739, 793),
}
MUTANTS = 4  # per task
SEED = 20260

Problem = dict[str, object]


def _data(dataset: Dataset) -> dict[str, Problem]:
    try:
        content = read(dataset, lambda: None).content
    except DataUnavailable as error:
        pytest.skip(error.message)
    text = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    problems = [json.loads(line) for line in text.splitlines()]
    if "plus_input" not in problems[0]:
        pytest.skip(f"only the original HumanEval is to be had, not EvalPlus' {dataset} data")
    return {problem["task_id"]: problem for problem in problems}


def _solution(problem: Problem) -> str:
    return f"{problem['prompt']}{problem['canonical_solution']}"


@pytest.fixture
def graders() -> Iterator[list[Grader]]:
    """One per core that this machine has, at most two."""
    found = [Grader() for _ in range(min(2, os.cpu_count() or 1))]
    yield found
    for grader in found:
        grader.close()


@pytest.mark.parametrize(("dataset", "count"), [(Dataset.HUMANEVAL, 164), (Dataset.MBPP, 378)])
def test_every_canonical_solution_passes(
    dataset: Dataset, count: int, graders: list[Grader]
) -> None:
    problems = list(_data(dataset).items())
    assert len(problems) == count

    def grade(part: int) -> list[Verdict]:
        # Thorough: a time-out on a busy machine is checked again.
        return [
            graders[part].grade(task_id, _solution(problem))
            for task_id, problem in problems[part :: len(graders)]
        ]

    with ThreadPoolExecutor(len(graders)) as pool:
        parts = list(pool.map(grade, range(len(graders))))

    failed = [verdict for part in parts for verdict in part if not verdict.passed]
    assert failed == []


class _Mutation(ast.NodeTransformer):
    """Changes the n-th operator or constant of a function's code, not of its docstring."""

    SWAPS: ClassVar[dict[type[ast.AST], type[ast.AST]]] = {
        ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Mod: ast.FloorDiv,
        ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
        ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And,
    }  # fmt: skip

    def __init__(self, index: int) -> None:
        self.index = index

    def _mine(self) -> bool:
        self.index -= 1
        return self.index == -1

    def visit(self, node: ast.AST) -> ast.AST:
        if type(node) in self.SWAPS and self._mine():
            return self.SWAPS[type(node)]()
        if isinstance(node, ast.Constant) and type(node.value) is int and self._mine():
            return ast.Constant(node.value + 1)
        return self.generic_visit(node)


def _mutants(code: str, rng: random.Random) -> list[str]:
    count = 0
    while (mutation := _Mutation(count)).visit(ast.parse(code)) and mutation.index < 0:
        count += 1
    chosen = rng.sample(range(count), min(MUTANTS, count))
    return [ast.unparse(_Mutation(index).visit(ast.parse(code))) for index in chosen]


def _evaluate(
    folder: Path, dataset: Dataset, problems: list[Problem], samples: list[Problem]
) -> list[list[Problem]]:
    """What `evalplus.evaluate` says of the samples, in their order."""
    (folder / "data.jsonl").write_text("".join(json.dumps(p) + "\n" for p in problems))
    (folder / "samples.jsonl").write_text("".join(json.dumps(s) + "\n" for s in samples))
    environment = {
        **os.environ,
        VARIABLES[dataset]: str(folder / "data.jsonl"),
        "XDG_CACHE_HOME": str(folder),
    }
    command = [sys.executable, "-m", "evalplus.evaluate", "--dataset", str(dataset)]
    command += ["--samples", str(folder / "samples.jsonl"), "--parallel", "1"]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=300)
    results = json.loads((folder / "samples_eval_results.json").read_text())["eval"]
    return [results[problem["task_id"]] for problem in problems]


@pytest.mark.parametrize("dataset", TASKS)
def test_verdicts_equal_those_of_evaluate(dataset: Dataset, tmp_path: Path) -> None:
    rng = random.Random(SEED)
    data = _data(dataset)
    name = "HumanEval" if dataset is Dataset.HUMANEVAL else "Mbpp"
    problems = [data[f"{name}/{number}"] for number in TASKS[dataset] if f"{name}/{number}" in data]
    programs = [[_solution(p), *_mutants(_solution(p), rng)] for p in problems]
    samples: list[Problem] = [
        {"task_id": problem["task_id"], "solution": program}
        for problem, texts in zip(problems, programs, strict=True)
        for program in texts
    ]

    grader = Grader()
    ours = [
        grader.grade_many(str(problem["task_id"]), texts)
        for problem, texts in zip(problems, programs, strict=True)
    ]
    grader.close()
    theirs = _evaluate(tmp_path, dataset, problems, samples)

    failures = 0
    for verdicts, results in zip(ours, theirs, strict=True):
        for verdict, result in zip(verdicts, results, strict=True):
            base, plus = result["base_status"] == "pass", result["plus_status"] == "pass"
            assert verdict.passed == (base and plus), (verdict, result["solution"])
            # Not always the first suite that fails: an input that told others comes first.
            fails = {None: base and plus, Suite.BASE: not base, Suite.PLUS: not plus}
            assert fails[verdict.suite], (verdict, result["solution"])
            failures += not verdict.passed
    assert failures >= len(samples) // 3  # the mutants are worth comparing


def test_correct_find_zero_passes_and_mutants_fail() -> None:
    """Where EvalPlus 0.3.1 is wrong: HumanEval/32."""
    problem = _data(Dataset.HUMANEVAL)["HumanEval/32"]
    code = _solution(problem)
    grader = Grader()
    right = grader.grade("HumanEval/32", code)
    wrong = grader.grade("HumanEval/32", code.replace("1e-5", "1.0"))
    grader.close()

    assert right.passed
    assert not wrong.passed
    assert wrong.failing_input is not None
    assert wrong.failing_input.startswith("find_zero([")


@pytest.mark.parametrize("dataset", TASKS)
def test_every_failing_run_executes_the_line_that_was_changed(dataset: Dataset) -> None:
    rng = random.Random(SEED)
    data = _data(dataset)
    name = "HumanEval" if dataset is Dataset.HUMANEVAL else "Mbpp"
    located = 0
    with closing(Grader()) as grader:
        for task_id in [f"{name}/{number}" for number in TASKS[dataset]]:
            if task_id not in data:
                continue
            right = ast.unparse(ast.parse(_solution(data[task_id]))).splitlines()
            for mutant in _mutants(_solution(data[task_id]), rng):
                if grader.grade_many(task_id, [mutant])[0].passed:
                    continue
                lines = mutant.splitlines()
                assert len(lines) == len(right)
                [changed] = [n for n, line in enumerate(lines, 1) if line != right[n - 1]]

                spectrum = grader.spectrum(task_id, mutant, seconds=60)

                counts = {count.line: count for count in spectrum.lines}
                assert 0 < spectrum.failed <= 8, mutant
                assert counts[changed].failed == spectrum.failed, mutant
                scores = ochiai(spectrum)
                located += scores[changed] == max(scores.values())
    assert located > 10

"""The study of methods on pairs of a tiny model: what a row holds, and the table of it."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from attrs import evolve
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution.engine.stages.explain import attribute, faithfulness
from attribution.engine.stages.explain.case import Case as ExplainedCase
from attribution.lrp.settings import Method
from attribution.schema import Faithfulness, Perturbation
from tests.attribution.cases import case_of, job
from tests.benchmarks import study_faithfulness
from tests.benchmarks.remembering import Remembering
from tests.benchmarks.study_faithfulness import FULL, Case, measure, report

NAMES = [*map(str, Method), "random"]


@pytest.fixture(scope="module")
def case(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> ExplainedCase:
    return case_of(model, tokenizer)


@pytest.fixture(scope="module")
def row(case: ExplainedCase) -> dict[str, Any]:
    return measure(case.loaded, studied(case, "A/1:3:4"), 6, all_of_it=True)


def studied(case: ExplainedCase, key: str) -> Case:
    """The same pair, as the study knows it."""
    n = case.pair.position
    every, lines = list(range(1, n)), [k // 6 for k in range(n)]
    return Case(key, case.ids.tolist(), lines, every, case.pair.target.id, case.pair.contrast.id)


def in_full(case: ExplainedCase, method: Method) -> Faithfulness:
    """What `tokenblame faithfulness --full` says."""
    case = evolve(case, method=method)
    found = attribute.relevance(case, job())
    return faithfulness.measure(case, found, full=True, seconds=None, job=job())


@pytest.mark.parametrize("method", list(Method))
def test_a_full_row_holds_what_the_command_measures(
    case: ExplainedCase, row: dict[str, Any], method: Method
) -> None:
    whole, figures = in_full(case, method), row["full"][method.value]
    assert whole.curves is not None
    for agreement, name in zip(whole.agreements, ("masked", "substituted"), strict=True):
        assert figures[name] == pytest.approx(agreement.spearman.value)
    assert figures["curves"] == pytest.approx(whole.curves.gap)
    assert figures["p of curves"] == pytest.approx(whole.curves.p_value)
    assert ("p of paths" in figures) is ("paths" in figures) is method.ruled
    if whole.paths is not None:
        assert figures["p of paths"] == whole.paths.p_value
        assert figures["paths"] > 0


def test_without_asking_nothing_more_is_measured(case: ExplainedCase, row: dict[str, Any]) -> None:
    short = measure(case.loaded, studied(case, "A/1:3:4"), 6)
    assert short == {key: value for key, value in row.items() if key != "full"}
    assert [*row["methods"]] == [*row["full"]] == NAMES


def test_what_was_measured_once_is_known(case: ExplainedCase) -> None:
    occlusion = Remembering(case.loaded.model, case.ids, faithfulness.score(case), 0)
    told: list[int] = []
    first = occlusion.without([[3], [4, 5], [3]], Perturbation.MASK, told.append)
    spent = occlusion.forwards
    again = occlusion.without([[5, 4], [3]], Perturbation.MASK, told.append)
    assert torch.equal(again, first[[1, 2]])
    assert (occlusion.forwards, told) == (spent, [3, 2])
    other = occlusion.without([[3]], Perturbation.SUBSTITUTE)
    assert occlusion.forwards > spent
    assert other != first[:1]


def test_the_report_averages_by_task(
    row: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two pairs of one task count as one; a pair that was measured in part has no say in full."""
    keys = ("A/1:3:4", "A/1:5:4", "B/2:3:4")
    rows = [{**row, "key": key, "full": with_gap(row, k + 1.0)} for k, key in enumerate(keys)]
    part = {key: value for key, value in row.items() if key != "full"}
    path = tmp_path / "rows.jsonl"
    path.write_text(
        "".join(json.dumps(each) + "\n" for each in (*rows, {**part, "key": "C/3:1:1"}))
    )
    report(argparse.Namespace(out=path))
    told = capsys.readouterr().out
    assert "4 proved pairs of 3 tasks" in told
    assert "everything measured: 3 of these pairs" in told
    table = told[told.index("\ncurves") :].split("\n\n")[0].strip().split("\n")
    assert [line.split()[0] for line in table[1:]] == NAMES
    assert table[1].split()[1] == "+2.25"  # of (1 + 2) / 2 and 3
    paths = told[told.index("\np of paths") :].strip().split("\n")
    assert [line.split()[0] for line in paths[1:]] == ["attnlrp", "cplrp"]
    assert all(f"\n{figure}" in told for figure in FULL)


def with_gap(row: dict[str, Any], gap: float) -> dict[str, Any]:
    return {name: {**figures, "curves": gap} for name, figures in row["full"].items()}


def test_a_later_row_takes_the_place_of_an_earlier(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"key": "a", "n": 1}\n{"key": "b", "n": 2}\n{"key": "a", "n": 3}\n')
    assert [row["n"] for row in study_faithfulness.rows_of(path)] == [3, 2]
    assert study_faithfulness.rows_of(tmp_path / "none") == []

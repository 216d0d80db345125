"""`tokenblame generate` and `explain` with the real engine, test runner and default model."""

import json
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cattrs
import pytest
from attrs import evolve

from attribution.cli import main
from attribution.cli.commands import faithfulness, graph
from attribution.cli.commands import sample as commands
from attribution.ipc.explanation import Explanation
from attribution.samples.files import read_trace
from attribution.schema import ContrastPair, Document, Form, Origin, Role, Status, TokenChoice
from attribution.study import records
from attribution.study.records import Record

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
        [sys.executable, "-m", "attribution.cli.main", *arguments],
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
    done = run(folder, "explain", str(sample), "--json", "--rollouts", "64", "--seconds", "600")
    assert done.returncode == 0, done.stderr
    explained: dict[str, object] = json.loads(done.stdout)
    return explained


def test_the_sample_fails_and_a_pair_is_proved(told: dict, sample: Path) -> None:  # type: ignore[type-arg]
    assert told["task_id"] == TASK
    assert told["retokenized"] is False  # the trace beside the sample was used
    assert told["verdict"]["status"] == "fail"
    assert "circular_shift(" in told["verdict"]["failing_input"]
    pair = told["pair"]
    assert pair["origin"] in ("verified", "substituted")
    assert pair["logit_diff"] > 1 or told["search"]["outcome"] == "weak"
    assert pair["target"]["id"] != pair["contrast"]["id"]
    assert pair["repaired_program"] != sample.read_text()


def test_the_repaired_program_passes(told: dict, folder: Path) -> None:  # type: ignore[type-arg]
    path = folder / "repaired" / "HumanEval_65" / "0.py"
    path.parent.mkdir(parents=True)
    path.write_text(told["pair"]["repaired_program"])
    done = run(folder, "explain", str(path), "--json")
    assert json.loads(done.stdout)["verdict"]["status"] == "pass"


def test_the_repairs_hold_when_they_are_replayed(
    told: dict[str, Any], folder: Path, sample: Path
) -> None:
    """By transformers' own greedy decoding, which knows nothing of the search's shared cache."""
    trace = read_trace(sample)
    assert trace is not None
    record = Record(
        TASK,
        Status.FAIL,
        fingerprint=trace.fingerprint,
        prompt=trace.prompt,
        code=trace.code,
        prompt_length=trace.prompt_length,
        ids=tuple(token.id for token in trace.tokens),
        pairs=tuple(cattrs.structure(told["proved_pairs"], list[ContrastPair])),
    )
    records.append(folder / "faults.jsonl", record)
    done = run(folder, "verify", "faults.jsonl")
    assert done.returncode == 0, done.stdout + done.stderr
    count = len(record.pairs)
    assert f"{count} of {count} repairs hold." in done.stdout


def test_a_token_of_the_users_choice_is_explained_and_nothing_is_run(
    folder: Path, sample: Path
) -> None:
    line = next(n for n, text in enumerate(sample.read_text().split("\n"), 1) if " if " in text)
    place = f"{line}:{sample.read_text().split(chr(10))[line - 1].index('if') + 1}"
    done = run(folder, "explain", str(sample), "--at", place, "--instead", " while", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["verdict"] is None
    assert answer["pair"]["origin"] == "manual"
    assert answer["pair"]["contrast"]["text"] == " while"
    found = answer["attribution"]
    rest = found["sum"] + found["leak"] + found["bias"]
    assert found["logit_diff"] == pytest.approx(rest, abs=1e-2)
    assert run(folder, "explain", str(sample), "--at", place).returncode == 1


def test_the_attribution_is_complete(told: dict, sample: Path) -> None:  # type: ignore[type-arg]
    found = told["attribution"]
    rest = found["logit_diff"] - found["sum"] - found["leak"] - found["bias"]
    assert abs(rest) < 1e-3 * max(1.0, abs(found["leak"]), abs(found["bias"]))
    assert found["logit_diff"] == pytest.approx(told["pair"]["logit_diff"], abs=1e-3)
    assert len(found["tokens"]) == told["pair"]["position"]
    text = sample.read_text()
    assert all(t["text"] == text[t["start"] : t["end"]] for t in found["tokens"])
    assert sum(t["relevance"] for t in found["tokens"]) == pytest.approx(found["sum"])


@pytest.fixture
def proved(folder: Path, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> ContrastPair:
    """The pair that the search has proved; commands of this process ask about it at once.

    They run in the folder and with the engine of the others: no second search of minutes.
    """
    known = told["pair"]
    target, contrast = (TokenChoice(**known[which]) for which in ("target", "contrast"))
    pair = ContrastPair(
        known["position"], target, contrast, known["logit_diff"], Origin(known["origin"])
    )

    def answer(options: Namespace, make: Callable[..., Any]) -> Explanation:
        return commands.answer(options, lambda explain: make(evolve(explain, pair=pair)))

    monkeypatch.chdir(folder)
    monkeypatch.setenv("TOKENBLAME_RUNTIME_DIR", str(folder))
    for command in (graph, faithfulness):
        monkeypatch.setattr(command, "answer", answer)
    return pair


def strict(text: str) -> dict[str, Any]:
    """JSON without NaN and infinities, which other readers refuse."""
    found: dict[str, Any] = json.loads(text, parse_constant=pytest.fail)
    return found


def test_the_graph_stands_alone_and_its_edges_account_for_its_nodes(
    proved: ContrastPair, sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--nodes", "0.01", "--mass", "0.95", "--refine", "3")
    assert main.main(["graph", str(sample), "--json", *options]) == 0
    found = strict(capsys.readouterr().out)
    assert (found["format"], found["task_id"]) == ("tokenblame-graph", TASK)
    assert found["pair"]["contrast"]["text"] == proved.contrast.text
    text = sample.read_text()
    assert [t["index"] for t in found["tokens"]] == list(range(proved.position))
    assert all(t["text"] == text[t["start"] : t["end"]] for t in found["tokens"])
    complete = found["completeness"]
    assert complete["sum"] + complete["absorbed"] == pytest.approx(found["logit_diff"])
    assert found["logit_diff"] == pytest.approx(proved.logit_diff, abs=1e-3)
    assert {detail["node"] for detail in found["details"]} < set(range(len(found["nodes"])))
    assert len(found["stages"]) == 1 + 24
    for stage in range(1, len(found["stages"])):
        missing, pruned = account(found, stage)
        assert missing <= pruned + 1e-3


def account(found: dict[str, Any], stage: int) -> tuple[float, float]:
    """What in-edges do not explain of the nodes of a stage, and the mass that was pruned there."""
    nodes, kept = found["nodes"], 0.0
    left = {k: n["relevance"] for k, n in enumerate(nodes) if n["stage"] == stage}
    left = {k: relevance for k, relevance in left.items() if nodes[k]["kind"] == "token"}
    assert left
    for edge in found["edges"]:
        if edge["target"] in left:
            left[edge["target"]] -= edge["weight"]
            kept += abs(edge["weight"]) if nodes[edge["source"]]["kind"] == "token" else 0.0
    share = found["pruning"]["kept_mass_per_transition"][stage - 1]
    assert 0.5 < share <= 1
    return sum(map(abs, left.values())), kept * (1 / share - 1)


@pytest.mark.usefixtures("proved")
def test_a_graph_is_written_as_a_page(
    folder: Path, sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["graph", str(sample), "--html"]) == 0
    assert "Wrote graph.html." in capsys.readouterr().out
    page = (folder / "graph.html").read_text()
    assert page.lower().startswith("<!doctype html>")
    assert '"format":"tokenblame-graph"' in page
    assert '"stages":["embedding","0.mlp",' in page
    assert main.main(["graph", str(sample), "--html"]) == 1  # nothing is overwritten unasked
    assert "graph.html exists here" in capsys.readouterr().err


def test_trust_is_estimated_within_a_budget(
    proved: ContrastPair, sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["faithfulness", str(sample), "--json", "--within", "5"]) == 0
    answer = strict(capsys.readouterr().out)
    assert answer["pair"]["position"] == proved.position
    assert len(answer["attribution"]["tokens"]) == proved.position
    found = answer["faithfulness"]
    (agreement,), (effects,) = found["agreements"], found["effects"]
    assert agreement["of"] == proved.position - 1  # all but the first
    assert 13 <= agreement["measured"] == len(effects["tokens"]) == len(effects["effects"])
    assert set(effects["tokens"]) <= set(range(1, proved.position))
    rank = agreement["spearman"]
    assert -1 <= rank["low"] <= rank["value"] <= rank["high"] <= 1
    assert found["segments"]
    assert found["message"].endswith(".")


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

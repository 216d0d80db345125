"""`tokenblame study faults` with an engine played by the test: it goes on where it was."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from attrs import define, evolve, field

from attribution.cli import main
from attribution.cli.commands import study
from attribution.errors import ResourceExhausted, TokenBlameError
from attribution.ipc.client import EngineDied
from attribution.schema import (
    Dataset,
    Event,
    ExplainRequest,
    Form,
    GenerateRequest,
    Generation,
    ModelSettings,
    Origin,
    Outcome,
    Progress,
    Request,
    SearchReport,
    Status,
    Suite,
    Verdict,
)
from attribution.study import records
from tests.attribution.cli.test_main import PAIR, TOKENS
from tests.attribution.study.test_study import trial

TASKS = [f"HumanEval/{number}" for number in range(4)]
SEARCHED = SearchReport(3, 9, 1, "", Outcome.CLEAR, trials=(trial(4, True, 1.5, -1.0, "operator"),))


@define
class Engine:
    """What it was asked, and for which tasks it fails."""

    written: list[str] = field(factory=list)
    searched: list[str] = field(factory=list)
    asked: list[ExplainRequest] = field(factory=list)
    trouble: dict[str, TokenBlameError] = field(factory=dict)

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        yield Progress("At work")
        if isinstance(request, GenerateRequest):
            for task_id in request.task_ids:
                self.written.append(task_id)
                yield made(task_id)
            return
        assert isinstance(request, ExplainRequest)
        assert request.task_id is not None
        self.searched.append(request.task_id)
        self.asked.append(request)
        if (error := self.trouble.get(request.task_id)) is not None:
            raise error
        yield Verdict(request.task_id, Status.FAIL, (Suite.BASE,))
        yield made(request.task_id)
        yield PAIR
        yield SEARCHED


def made(task_id: str) -> Generation:
    code = f"def f(x):\n    return x + {task_id[-1]}\n"
    return Generation(task_id, Form.DIRECT, "tiny", "f", code[:10], code, TOKENS, 2, (), True)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    played = Engine()

    @asynccontextmanager
    async def window() -> AsyncIterator[Engine]:
        yield played

    async def connect() -> object:
        return window()

    class Runner:
        def tasks(self, dataset: Dataset) -> list[str]:
            assert dataset is Dataset.HUMANEVAL
            return TASKS

        def close(self) -> None:
            pass

    monkeypatch.setattr(study, "connect", connect)
    monkeypatch.setattr(study, "Grader", Runner)
    yield played
    assert len(played.written) == len(set(played.written))  # nothing is written twice


def run(folder: Path, *options: str) -> int:
    return main.main(["study", "faults", "--dataset", "humaneval", "--out", str(folder), *options])


def test_a_second_call_asks_only_for_what_is_missing(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.trouble = {
        TASKS[1]: ResourceExhausted("Out of memory."),  # of the task: the study goes on
        TASKS[2]: EngineDied("The engine died."),  # the study ends
    }
    assert run(tmp_path) == 1
    assert "The engine died." in capsys.readouterr().err
    assert (engine.written, engine.searched) == (TASKS, TASKS[:3])
    folder = tmp_path / "humaneval-qwen2.5-coder-0.5b"
    assert [r.task_id for r in records.read(folder / "faults.jsonl")] == TASKS[:2]

    engine.trouble, engine.written, engine.searched = {}, [], []
    assert run(tmp_path) == 0
    assert (engine.written, engine.searched) == ([], TASKS[1:])
    assert "4 tasks, 0 pass, 4 fail, 0 could not be graded" in capsys.readouterr().out
    found = {r.task_id: r for r in records.read(folder / "faults.jsonl")}
    assert set(found) == set(TASKS)
    for task_id, record in found.items():
        assert (record.code, record.pairs) == (made(task_id).code, (PAIR,))
        assert record.search == evolve(SEARCHED, trials=())
    logs = records.read_trials(folder / "trials.jsonl")
    assert {log.task_id for log in logs} == set(TASKS)
    assert logs[0].trials[0].origin is Origin.VERIFIED

    engine.searched = []
    assert run(tmp_path) == 0
    assert (engine.written, engine.searched) == ([], [])


def test_more_tasks_may_be_added(engine: Engine, tmp_path: Path) -> None:
    assert run(tmp_path, "--stride", "2") == 0
    assert engine.searched == TASKS[::2]
    assert run(tmp_path) == 0
    assert engine.written == engine.searched == [*TASKS[::2], *TASKS[1::2]]


def test_the_search_is_what_the_options_say(engine: Engine, tmp_path: Path) -> None:
    budget = ["--rollouts", "7", "--seconds", "2.5", "--top-k", "20", "--exhaust"]
    assert run(tmp_path, "--first", "3", *budget, "--sibling", "qwen2.5-coder-1.5b") == 0
    (request,) = engine.asked
    found = request.rollouts, request.seconds, request.top_k, request.exhaust
    assert found == (7, 2.5, 20, True)
    assert request.sibling == ModelSettings("qwen2.5-coder-1.5b")
    assert request.trials


def test_a_study_from_before_top_k_could_be_chosen_goes_on(engine: Engine, tmp_path: Path) -> None:
    assert run(tmp_path, "--first", "3") == 0
    path = tmp_path / "humaneval-qwen2.5-coder-0.5b" / "options.json"
    chosen = json.loads(path.read_text())
    del chosen["top_k"]
    path.write_text(json.dumps(chosen))
    assert run(tmp_path, "--top-k", "20") == 1
    assert run(tmp_path) == 0
    assert engine.searched == [TASKS[3], *TASKS[:3]]


def test_the_table_needs_no_engine(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--report") == 1
    assert "There is no study in" in capsys.readouterr().err
    assert run(tmp_path, "--first", "3") == 0
    engine.searched = []
    assert run(tmp_path, "--report") == 0
    first, again = capsys.readouterr().out.split("1 tasks, 0 pass, 1 fail")[1:]
    assert again == first
    assert engine.searched == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--seconds", "5"], "seconds was 60.0"),
        (["--rollouts", "7"], "rollouts was 1024"),
        (["--exhaust"], "exhaust was False"),
        (["--top-k", "20"], "top_k was 10"),
        (["--form", "chat"], "form was direct"),
        (["--sibling", "larger", "--max-new-tokens", "9"], "max_new_tokens was 512, sibling was"),
    ],
)
def test_other_options_are_refused(
    options: list[str],
    told: str,
    engine: Engine,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(tmp_path, "--stride", "4") == 0
    engine.searched = []
    assert run(tmp_path, *options) == 1
    assert f"begun with other options ({told}" in capsys.readouterr().err
    assert engine.searched == []
    assert run(tmp_path) == 0  # the options of old still hold
    assert engine.searched == TASKS[1:]

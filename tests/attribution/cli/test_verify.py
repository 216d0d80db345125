"""`tokenblame verify` says which repairs hold; what is no record of a failure is refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from attrs import evolve

from attribution.cli import main
from attribution.cli.commands import verify
from attribution.errors import ExecutionRefused, InvalidRequest
from attribution.ipc import client
from attribution.ipc.client import EngineClient
from attribution.schema import Form, ModelSettings, Verification, VerifyRequest
from attribution.study import records
from tests.attribution.engine.test_service_graph import BAD, GOOD, ask, kinds
from tests.attribution.study.test_study import FAILED, PAIR, PASSED

NO_MODEL = ModelSettings("/no/such/folder")  # none is needed to refuse
HOLDS = Verification(PAIR, reproduced=True, passed=True)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[Verification | InvalidRequest]:
    """What the engine answers, record by record."""
    answers: list[Verification | InvalidRequest] = []

    @asynccontextmanager
    async def engine() -> AsyncIterator[None]:
        yield

    async def connect() -> object:
        return engine()

    async def results(*_: object) -> AsyncIterator[Verification]:
        answer = answers.pop(0)
        if isinstance(answer, InvalidRequest):
            raise answer
        yield answer

    monkeypatch.setattr(verify, "connect", connect)
    monkeypatch.setattr(verify, "results", results)
    return answers


@pytest.mark.parametrize(
    ("second", "code", "said"),
    [
        (HOLDS, 0, "2 of 2 repairs hold."),
        (evolve(HOLDS, passed=False), 1, "recorded program, which fails"),
        (evolve(HOLDS, reproduced=False), 1, "leads to another program\n"),
        (evolve(HOLDS, reproduced=False, passed=False), 1, "another program, which fails"),
        (InvalidRequest("Other weights."), 1, "Other weights."),
    ],
)
def test_one_repair_that_does_not_hold_is_told(
    second: Verification | InvalidRequest,
    code: int,
    said: str,
    played: list[Verification | InvalidRequest],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "faults.jsonl"
    for record in (evolve(FAILED, task_id="HumanEval/0"), PASSED, FAILED):
        records.append(path, record)
    played += [HOLDS, second]
    assert main.main(["verify", str(path)]) == code
    told = capsys.readouterr().out
    assert said in told
    assert f"{2 - code} of 2 repairs hold." in told
    assert not played


@pytest.fixture
async def engine(shared_engine_folder: object) -> AsyncIterator[EngineClient]:  # noqa: ARG001
    async with await client.connect() as connection:
        yield connection


async def test_a_record_of_a_sample_that_passes_is_refused(engine: EngineClient) -> None:
    request = VerifyRequest("HumanEval/2", Form.DIRECT, "", GOOD, (), 0, "", (PAIR,), NO_MODEL)
    events, error = await ask(engine, evolve(request, trusted=True))
    assert isinstance(error, InvalidRequest)
    assert "passes the tests that are here" in error.message
    assert kinds(events) == []


async def test_a_record_is_not_run_where_it_is_not_trusted(engine: EngineClient) -> None:
    request = VerifyRequest("HumanEval/2", Form.DIRECT, "", BAD, (), 0, "", (PAIR,), NO_MODEL)
    events, error = await ask(engine, request)
    assert isinstance(error, ExecutionRefused)
    assert kinds(events) == []

"""The resident engine as its clients meet it: a real process on a real socket.

These requests need the test runner but no model, so that they take seconds.
"""

import asyncio
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from attribution import __version__
from attribution.errors import (
    Cancelled,
    DataUnavailable,
    EngineUnavailable,
    ExecutionRefused,
    InvalidRequest,
    InvalidSample,
    ProtocolMismatch,
    UnknownTask,
)
from attribution.ipc import client, runtime_folder, wire
from attribution.ipc.client import EngineClient
from attribution.ipc.wire import Cancel, Done, Failed, Hello
from attribution.schema import (
    EngineStatus,
    Event,
    ExplainRequest,
    GradeRequest,
    Progress,
    Request,
    Status,
    StatusRequest,
    StopRequest,
    Task,
    TaskRequest,
    Timings,
    Verdict,
)

GOOD = "def truncate_number(number: float) -> float:\n    return number - int(number)\n"
LOOP = "def truncate_number(number: float) -> float:\n    while True:\n        pass\n"


async def ask(engine: EngineClient, request: Request) -> list[Event]:
    return [event async for event in engine.stream(request)]


@pytest.fixture
async def engine(shared_engine_folder: Path) -> AsyncIterator[EngineClient]:  # noqa: ARG001
    async with await client.connect() as connection:
        yield connection


@pytest.fixture
async def own_engine(engine_folder: Path) -> AsyncIterator[EngineClient]:  # noqa: ARG001
    """For tests that end the engine."""
    async with await client.connect() as connection:
        yield connection


async def status_of(engine: EngineClient) -> EngineStatus:
    (status,) = await ask(engine, StatusRequest())
    assert isinstance(status, EngineStatus)
    return status


async def test_a_request_streams_and_ends(engine: EngineClient) -> None:
    events = await ask(engine, GradeRequest("HumanEval/2", GOOD, trusted=True))
    verdict = next(e for e in events if isinstance(e, Verdict))
    assert verdict.status is Status.PASS
    assert isinstance(events[0], Progress)
    assert isinstance(events[-1], Timings)
    assert events[-1].seconds["grade"] > 0


async def test_errors_arrive_as_what_they_are(engine: EngineClient) -> None:
    with pytest.raises(ExecutionRefused, match="not trusted"):
        await ask(engine, GradeRequest("HumanEval/2", GOOD))
    with pytest.raises(UnknownTask, match="HumanEval/999"):
        await ask(engine, GradeRequest("HumanEval/999", GOOD, trusted=True))
    with pytest.raises(InvalidSample, match="Which task"):
        await ask(engine, ExplainRequest(GOOD, path="/x/plain.py", trusted=True))
    with pytest.raises(InvalidRequest, match="no method 'magic'"):
        await ask(engine, ExplainRequest(GOOD, task_id="HumanEval/2", method="magic"))
    assert (await status_of(engine)).version == __version__


async def test_what_a_task_asks_is_told_without_running_anything(engine: EngineClient) -> None:
    *_, task, timings = await ask(engine, TaskRequest("HumanEval/2"))
    assert isinstance(task, Task)
    assert task.prompt.lstrip().startswith("def truncate_number(number: float) -> float:")
    assert isinstance(timings, Timings)
    assert "grade" not in timings.seconds
    with pytest.raises(UnknownTask, match="HumanEval/999"):
        await ask(engine, TaskRequest("HumanEval/999"))


async def test_two_clients_share_one_engine(engine: EngineClient) -> None:
    async with await client.connect() as other:
        assert (await status_of(other)).pid == (await status_of(engine)).pid


async def test_the_engine_survives_its_clients(engine: EngineClient) -> None:
    async with await client.connect() as other:
        pid = (await status_of(other)).pid
        stream = other.stream(GradeRequest("HumanEval/2", LOOP, trusted=True))
        assert isinstance(await anext(stream), Progress)
        # The client leaves in the middle of a request.
    assert (await status_of(engine)).pid == pid
    verdicts = await ask(engine, GradeRequest("HumanEval/2", GOOD, trusted=True))
    assert any(isinstance(e, Verdict) and e.passed for e in verdicts)


async def test_cancel_ends_a_running_and_a_waiting_request(engine: EngineClient) -> None:
    async with await client.connect():
        reader, writer = await asyncio.open_unix_connection(runtime_folder.socket_path())
        writer.write(wire.encode(0, Hello(wire.PROTOCOL, __version__)))
        for number in (1, 2):
            writer.write(wire.encode(number, GradeRequest("HumanEval/2", LOOP, trusted=True)))
        ended: dict[int, object] = {}
        while len(ended) < 2:
            frame = await wire.read(reader)
            if isinstance(frame.value, Progress):  # number 1 runs, number 2 waits
                for number in (2, 1):
                    writer.write(wire.encode(number, Cancel()))
            elif isinstance(frame.value, Done | Failed):
                ended[frame.id] = frame.value
        writer.close()
        await writer.wait_closed()
    for value in ended.values():
        assert isinstance(value, Failed)
        assert value.code == Cancelled.code
    assert (await status_of(engine)).queued == 0


async def test_leaving_the_loop_cancels(engine: EngineClient) -> None:
    stream = engine.stream(GradeRequest("HumanEval/2", LOOP, trusted=True))
    await anext(stream)
    await stream.aclose()
    async with asyncio.timeout(30):
        while (await status_of(engine)).active is not None:
            await asyncio.sleep(0)
    assert (await status_of(engine)).queued == 0


async def test_another_protocol_is_refused(engine: EngineClient) -> None:
    reader, writer = await asyncio.open_unix_connection(runtime_folder.socket_path())
    writer.write(wire.encode(0, Hello(99, "9.9")))
    with pytest.raises(ProtocolMismatch):
        wire.check_hello(Hello(99, "9.9"))
    answer = (await wire.read(reader)).value
    assert answer == Hello(wire.PROTOCOL, __version__)
    assert await reader.read() == b""  # and the engine hangs up
    writer.close()
    await writer.wait_closed()
    assert (await status_of(engine)).queued == 0


async def test_garbage_does_not_hurt(engine: EngineClient) -> None:
    reader, writer = await asyncio.open_unix_connection(runtime_folder.socket_path())
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    frame = await wire.read(reader)
    assert isinstance(frame.value, Failed)
    writer.close()
    await writer.wait_closed()
    assert (await status_of(engine)).queued == 0


async def test_a_broken_request_is_answered_and_logged(engine: EngineClient) -> None:
    broken = wire.encode(9, StatusRequest()).replace(b"StatusRequest", b"StatusRequesX")
    reader, writer = await asyncio.open_unix_connection(runtime_folder.socket_path())
    writer.write(wire.encode(0, Hello(wire.PROTOCOL, __version__)) + broken)
    writer.write(wire.encode(10, StatusRequest()))
    assert isinstance((await wire.read(reader)).value, Hello)
    number, answer = await wire.read(reader)
    assert (number, type(answer)) == (9, Failed)
    assert "StatusRequesX" in answer.message
    assert (await wire.read(reader)).id == 10  # the connection goes on
    writer.close()
    await writer.wait_closed()
    assert "StatusRequesX" in runtime_folder.log_path().read_text()
    assert not engine.closed


async def test_a_killed_engine_is_noticed_and_replaced(own_engine: EngineClient) -> None:
    pid = (await status_of(own_engine)).pid
    stream = own_engine.stream(GradeRequest("HumanEval/2", LOOP, trusted=True))
    await anext(stream)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(EngineUnavailable, match="died"):
        await anext(stream)
    assert own_engine.closed
    with pytest.raises(EngineUnavailable, match="gone"):
        await ask(own_engine, StatusRequest())
    async with await client.connect() as fresh:
        assert (await status_of(fresh)).pid != pid


async def test_stop_answers_all_that_is_open(own_engine: EngineClient) -> None:
    running, waiting = (
        own_engine.stream(GradeRequest("HumanEval/2", LOOP, trusted=True)) for _ in range(2)
    )
    await anext(running)
    waits = asyncio.create_task(anext(waiting))
    async with asyncio.timeout(30):
        while (await status_of(own_engine)).queued == 0:
            await asyncio.sleep(0)
        await ask(own_engine, StopRequest())
        for answer in (anext(running), waits):
            with pytest.raises(EngineUnavailable, match="was stopped") as caught:
                await answer
            assert not isinstance(caught.value, client.EngineDied)


async def test_stop_and_start_again(own_engine: EngineClient) -> None:
    pid = (await status_of(own_engine)).pid
    assert await ask(own_engine, StopRequest()) == []
    async with await client.connect() as fresh:
        assert (await status_of(fresh)).pid != pid


async def test_an_idle_engine_leaves(engine_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENBLAME_IDLE_SECONDS", "0.1")
    async with await client.connect() as engine:
        await engine._dispatcher  # ends when the engine hangs up
    with pytest.raises(EngineUnavailable, match="No engine"):
        await client.connect(start=False)
    assert "idle for" in (engine_folder / "engine.log").read_text()


async def test_the_socket_is_private(own_engine: EngineClient, engine_folder: Path) -> None:
    assert not own_engine.closed
    assert stat.S_IMODE(engine_folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(runtime_folder.socket_path().stat().st_mode) == 0o600
    engine_folder.chmod(0o755)
    with pytest.raises(EngineUnavailable, match="closed to others"):
        runtime_folder.socket_path()
    engine_folder.chmod(0o700)


def test_a_second_engine_leaves_at_once(tmp_path: Path) -> None:
    """The lock decides, whichever of two starts first."""
    environment = {**os.environ, "TOKENBLAME_RUNTIME_DIR": str(tmp_path / "run")}
    command = [sys.executable, "-m", "attribution.engine.service", "--idle", "1"]
    two = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    logs = [process.communicate(timeout=60)[1] for process in two]
    assert [process.returncode for process in two] == [0, 0]
    assert sorted("another engine is running" in log for log in logs) == [False, True]


def test_an_idle_time_that_is_none_is_refused(tmp_path: Path) -> None:
    environment = {**os.environ, "TOKENBLAME_RUNTIME_DIR": str(tmp_path / "run")}
    command = [sys.executable, "-m", "attribution.engine.service"]
    for text in ("soon", "-1", "nan"):
        environment["TOKENBLAME_IDLE_SECONDS"] = text
        ended = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 2
        assert f"must be a number of seconds, not '{text}'" in ended.stderr
        assert "Traceback" not in ended.stderr


async def test_relative_paths_survive_the_engines_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKENBLAME_RUNTIME_DIR", "run")
    (tmp_path / "tasks.jsonl").write_text("no task\n")
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", "tasks.jsonl")
    async with await client.connect() as engine:
        with pytest.raises(DataUnavailable, match=re.escape(str(tmp_path / "tasks.jsonl"))):
            await ask(engine, GradeRequest("HumanEval/2", GOOD, trusted=True))
        await ask(engine, StopRequest())

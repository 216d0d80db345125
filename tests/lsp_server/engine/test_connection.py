"""Why the engine cannot be reached, as its user is told."""

import asyncio
import os
from pathlib import Path

import pytest

from attribution.engine.service import IDLE_TIMEOUT
from attribution.errors import EngineUnavailable
from attribution.ipc import runtime_folder
from attribution.schema import EngineStatus, StatusRequest
from lsp_server.engine.connection import Connection


async def failure() -> str:
    with pytest.raises(EngineUnavailable) as caught:
        await anext(Connection(lambda: None).stream(StatusRequest()))
    return caught.value.message


async def test_an_engine_that_is_started_knows_when_to_leave(
    engine_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKENBLAME_IDLE_SECONDS", "900")
    connection = Connection(lambda: None)
    status = [event async for event in connection.stream(StatusRequest(), idle=77.0)]
    await connection.close()
    assert engine_folder.exists()
    assert [event.idle_timeout for event in status if isinstance(event, EngineStatus)] == [77.0]


async def idle_timeout(connection: Connection) -> float:
    (status,) = [event async for event in connection.stream(StatusRequest())]
    assert isinstance(status, EngineStatus)
    return status.idle_timeout


async def test_an_engine_that_runs_is_told_how_long_to_stay(
    engine_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKENBLAME_IDLE_SECONDS", "900")
    connection = Connection(lambda: None)
    connection.set_idle_time(5.0)  # of no engine yet
    assert await idle_timeout(connection) == 900
    for seconds, expected in ((77.0, 77), (None, 900)):
        connection.set_idle_time(seconds)
        async with asyncio.timeout(30):
            while await idle_timeout(connection) != expected:
                await asyncio.sleep(0.01)
    other = Connection(lambda: None)
    (_,) = [event async for event in other.stream(StatusRequest(), idle=600.0)]
    async with asyncio.timeout(30):
        while await idle_timeout(connection) != 600:
            await asyncio.sleep(0.01)
    await other.close()
    connection.set_idle_time(0.05)
    async with asyncio.timeout(30):
        while runtime_folder.socket_path().exists():
            await asyncio.sleep(0.01)
    assert "idle for 0 s" in (engine_folder / "engine.log").read_text()
    connection.set_idle_time(None)  # of one that is gone
    await connection.close()


@pytest.mark.parametrize(("inherited", "expected"), [("900", 900.0), (None, IDLE_TIMEOUT)])
async def test_an_idle_time_that_is_unset_gives_way_to_the_inherited_one(
    inherited: str | None,
    expected: float,
    engine_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOKENBLAME_IDLE_SECONDS", inherited or "")
    if inherited is None:
        monkeypatch.delenv("TOKENBLAME_IDLE_SECONDS")
    before = dict(os.environ)
    first, second = Connection(lambda: None), Connection(lambda: None)
    (_,) = [event async for event in first.stream(StatusRequest(), idle=0.05)]
    async with asyncio.timeout(30):
        while runtime_folder.socket_path().exists():  # until that engine has left
            await asyncio.sleep(0.01)
    assert await idle_timeout(second) == expected
    await first.close()
    await second.close()
    assert dict(os.environ) == before
    assert "idle for 0 s" in (engine_folder / "engine.log").read_text()


async def test_a_folder_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TOKENBLAME_RUNTIME_DIR", str(tmp_path / "file" / "run"))
    assert "Set TOKENBLAME_RUNTIME_DIR" in await failure()


async def test_a_log_that_cannot_be_written(engine_folder: Path) -> None:
    runtime_folder.log_path().mkdir()
    assert "log cannot be written" in await failure()
    assert not (engine_folder / "engine.sock").exists()

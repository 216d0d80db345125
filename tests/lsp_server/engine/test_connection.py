"""Why the engine cannot be reached, as its user is told."""

import asyncio
import os
from pathlib import Path

import pytest

from attribution.errors import EngineUnavailable
from attribution.ipc import client
from attribution.schema import EngineStatus, StatusRequest
from lsp_server.engine.connection import EngineLink


async def failure() -> str:
    with pytest.raises(EngineUnavailable) as caught:
        await anext(EngineLink(lambda: None).stream(StatusRequest()))
    return caught.value.message


async def test_an_engine_that_is_started_knows_when_to_leave(
    engine_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKENBLAME_IDLE_SECONDS", "900")
    link = EngineLink(lambda: None)
    status = [event async for event in link.stream(StatusRequest(), idle=77.0)]
    await link.close()
    assert engine_folder.exists()
    assert [one.idle_timeout for one in status if isinstance(one, EngineStatus)] == [77.0]


async def idle_timeout(link: EngineLink) -> float:
    (status,) = [event async for event in link.stream(StatusRequest())]
    assert isinstance(status, EngineStatus)
    return status.idle_timeout


async def test_an_engine_that_runs_is_told_how_long_to_stay(
    engine_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKENBLAME_IDLE_SECONDS", "900")
    link = EngineLink(lambda: None)
    link.keep(5.0)  # of no engine yet
    assert await idle_timeout(link) == 900
    for told, stays in ((77.0, 77), (None, 900)):
        link.keep(told)
        async with asyncio.timeout(30):
            while await idle_timeout(link) != stays:
                await asyncio.sleep(0.01)
    other = EngineLink(lambda: None)
    (_,) = [event async for event in other.stream(StatusRequest(), idle=600.0)]
    async with asyncio.timeout(30):
        while await idle_timeout(link) != 600:
            await asyncio.sleep(0.01)
    await other.close()
    link.keep(0.05)
    async with asyncio.timeout(30):
        while client.socket_path().exists():
            await asyncio.sleep(0.01)
    assert "idle for 0 s" in (engine_folder / "engine.log").read_text()
    link.keep(None)  # of one that is gone
    await link.close()


@pytest.mark.parametrize("inherited", ["900", None])
def test_an_idle_time_that_is_unset_gives_way_to_the_inherited_one(
    inherited: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKENBLAME_IDLE_SECONDS", inherited or "")
    if inherited is None:
        monkeypatch.delenv("TOKENBLAME_IDLE_SECONDS")
    link = EngineLink(lambda: None)
    link._hand_down(77.0)
    assert os.environ["TOKENBLAME_IDLE_SECONDS"] == "77.0"
    link._hand_down(None)
    assert os.environ.get("TOKENBLAME_IDLE_SECONDS") == inherited


async def test_a_folder_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TOKENBLAME_RUNTIME_DIR", str(tmp_path / "file" / "run"))
    assert "Set TOKENBLAME_RUNTIME_DIR" in await failure()


async def test_a_log_that_cannot_be_written(engine_folder: Path) -> None:
    client.log_path().mkdir()
    assert "log cannot be written" in await failure()
    assert not (engine_folder / "engine.sock").exists()

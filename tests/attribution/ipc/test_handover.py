"""Engines of other versions as clients meet them: real processes on a real socket."""

import asyncio
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from attribution import __version__
from attribution.cli import main
from attribution.errors import EngineUnavailable, ProtocolMismatch
from attribution.ipc import client, handover, runtime_folder, wire
from attribution.ipc.handover import is_older
from attribution.ipc.wire import Hello
from attribution.schema import EngineStatus, StatusRequest, StopRequest

OLD, NEW = "0.0.9", "99.0"
_OTHER = (
    "import sys, attribution; attribution.__version__ = sys.argv[2]; "
    "from attribution.ipc import wire; wire.PROTOCOL = int(sys.argv[3]); "
    "from attribution.engine import service; del sys.argv[1:]; service.main()"
)


@asynccontextmanager
async def other(
    folder: Path, version: str, protocol: int, module: str = "attribution.engine.service"
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """An engine of another version, which listens."""
    folder.mkdir(mode=0o700)
    about = [module, version, str(protocol)]
    with subprocess.Popen([sys.executable, "-c", _OTHER, *about]) as process:
        async with asyncio.timeout(30):
            while (
                not runtime_folder.pid_path().exists() or not runtime_folder.pid_path().read_text()
            ):
                await asyncio.sleep(0.01)
        yield process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)


async def status_of(engine: client.EngineClient) -> EngineStatus:
    (status,) = [event async for event in engine.stream(StatusRequest())]
    assert isinstance(status, EngineStatus)
    return status


@pytest.mark.parametrize("protocol", [wire.PROTOCOL, wire.PROTOCOL - 1])
async def test_an_older_engine_makes_way(engine_folder: Path, protocol: int) -> None:
    async with other(engine_folder, OLD, protocol) as old, await client.connect() as engine:
        status = await status_of(engine)
        assert (status.version, status.protocol) == (__version__, wire.PROTOCOL)
        assert status.pid != old.pid
        assert await asyncio.to_thread(old.wait, 30) == 0
        assert [event async for event in engine.stream(StopRequest())] == []


async def test_who_only_looks_leaves_an_older_engine_alone(engine_folder: Path) -> None:
    async with other(engine_folder, OLD, wire.PROTOCOL) as old:
        async with await client.connect(start=False) as engine:
            assert (await status_of(engine)).pid == old.pid
        assert old.poll() is None


async def test_a_newer_engine_is_used_where_it_is_understood(engine_folder: Path) -> None:
    async with other(engine_folder, NEW, wire.PROTOCOL) as new, await client.connect() as engine:
        assert (await status_of(engine)).pid == new.pid


async def test_a_newer_engine_stays_where_it_is_not_understood(engine_folder: Path) -> None:
    async with other(engine_folder, NEW, wire.PROTOCOL + 1) as new:
        with pytest.raises(ProtocolMismatch, match=f"version {NEW}"):
            await client.connect()
        assert new.poll() is None


async def test_an_older_engine_of_unknown_process_is_told(engine_folder: Path) -> None:
    async with other(engine_folder, OLD, wire.PROTOCOL - 1) as old:
        runtime_folder.pid_path().write_text("1")  # a process, but no engine
        with pytest.raises(EngineUnavailable, match="process 1 is no engine"):
            await client.connect()
        assert old.poll() is None


@pytest.mark.parametrize(
    ("version", "protocol", "older"),
    [
        (__version__, wire.PROTOCOL, False),
        (f"{__version__}.1", wire.PROTOCOL, False),
        (NEW, wire.PROTOCOL - 1, True),
        (OLD, wire.PROTOCOL + 1, False),
        ("0.0.10", wire.PROTOCOL, True),
        ("", wire.PROTOCOL, True),
        ("no version", wire.PROTOCOL, True),
    ],
)
def test_the_protocol_counts_before_the_version(version: str, protocol: int, older: bool) -> None:
    assert is_older(Hello(protocol, version)) is older


@pytest.mark.parametrize(
    ("engine", "client_version", "older"),
    [
        ("0.2.0", "0.2.0rc1", False),  # a final release is newer than its candidate
        ("0.2.0rc1", "0.2.0", True),
        ("0.2.0rc1", "0.2.0rc2", True),
        ("0.2.0.dev3", "0.2.0a1", True),
        ("0.2.0", "0.10.0", True),
        ("0.2.0", "0.2", False),
        ("0.2.0.post1", "0.2.0", False),
        ("1!0.1", "0.2.0", False),
    ],
)
def test_versions_are_ordered_as_python_orders_them(
    engine: str, client_version: str, older: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "__version__", client_version)
    assert is_older(Hello(wire.PROTOCOL, engine)) is older


async def test_an_engine_of_the_first_release_makes_way(engine_folder: Path) -> None:
    """It ran as `attribution.service`."""
    first = other(engine_folder, OLD, wire.PROTOCOL - 1, "attribution.service")
    async with first as old, await client.connect() as engine:
        assert (await status_of(engine)).pid != old.pid
        assert [event async for event in engine.stream(StopRequest())] == []


async def test_an_engine_of_another_protocol_can_be_stopped(
    engine_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with other(engine_folder, NEW, 99) as process:
        assert stat.S_IMODE(runtime_folder.pid_path().stat().st_mode) == 0o600
        assert await asyncio.to_thread(main.main, ["engine", "status"]) == 1
        assert await asyncio.to_thread(main.main, ["engine", "stop"]) == 0
        assert process.wait(30) == 0
    assert f"process {process.pid}" in capsys.readouterr().out
    assert not runtime_folder.pid_path().exists()

"""Talk to the resident engine; start it first where none runs.

    async with await connect() as engine:
        async for event in engine.stream(ExplainRequest(...)):
            ...

Leaving the loop early (break, cancellation of the task) cancels the request in the engine.
"""

import asyncio
import contextlib
import itertools
import os
import stat
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import field, frozen

from attribution import __version__
from attribution.errors import EngineUnavailable, TokenBlameError, from_code
from attribution.fetch.cache import cache_folder
from attribution.ipc import wire
from attribution.ipc.handover import end_by_signal, is_older
from attribution.ipc.wire import Cancel, Done, Failed, Hello
from attribution.schema import Event, Request, StopRequest

_START_TIMEOUT = 60.0  # seconds; the engine listens before it imports torch
# Paths in the environment that may be relative to where the client stands.
_PATHS = (
    "HUMANEVAL_OVERRIDE_PATH",
    "MBPP_OVERRIDE_PATH",
    "TOKENBLAME_CACHE_DIR",
    "TOKENBLAME_RUNTIME_DIR",
)
_SPAWNED: list[subprocess.Popen[bytes]] = []  # kept, because a collected Popen complains


def socket_path() -> Path:
    """Where the user's engine listens: a folder that only this user can enter.

    `TOKENBLAME_RUNTIME_DIR` overrides it (tests, several engines side by side).
    """
    override, session = os.environ.get("TOKENBLAME_RUNTIME_DIR"), os.environ.get("XDG_RUNTIME_DIR")
    if override:
        folder = Path(override)
    elif session and Path(session).is_dir():
        folder = Path(session) / "tokenblame"
    else:  # macOS, containers
        folder = cache_folder("run")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EngineUnavailable(
            f"The engine's folder cannot be made: {error}. Set TOKENBLAME_RUNTIME_DIR to a folder "
            "that is yours."
        ) from error
    info = folder.stat()
    if info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & 0o077:
        raise EngineUnavailable(
            f"{folder} must belong to you and be closed to others (chmod 700 {folder})."
        )
    return folder / "engine.sock"


def log_path() -> Path:
    """Where the engine's standard error goes."""
    return socket_path().with_name("engine.log")


def pid_path() -> Path:
    """Where the engine writes its process id, for those who cannot talk to it."""
    return socket_path().with_name("engine.pid")


async def connect(*, start: bool = True, idle: float | None = None) -> "EngineClient":
    """A client of the running engine, which is started if need be, in the place of an older one.

    An engine that is started for it leaves after `idle` seconds without work; None: after what the
    environment says, or its default.

    Raises EngineUnavailable (with the end of its log) where it cannot be reached, and
    ProtocolMismatch where one is running that speaks another protocol and is to stay.
    """
    try:
        return await _connect(start=start, idle=idle)
    except ConnectionError:
        pass  # it is leaving (asked to, idle for too long, too old): the next one answers
    try:
        return await _connect(start=start, idle=idle)
    except ConnectionError as error:
        raise EngineUnavailable(f"The engine hung up; see {log_path()}.") from error


async def _connect(*, start: bool, idle: float | None) -> "EngineClient":
    """One attempt; ConnectionError where the engine hangs up on the greeting, or has to go."""
    reader, writer = await _open(socket_path(), start=start, idle=idle)
    writer.write(wire.encode(0, Hello(wire.PROTOCOL, __version__)))
    try:
        hello = (await wire.read(reader)).value
        if start and isinstance(hello, Hello) and is_older(hello):
            await _retire(hello, reader, writer)
            raise ConnectionResetError
        wire.check_hello(hello)
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        writer.close()
        raise ConnectionResetError from error
    except TokenBlameError:
        writer.close()
        raise
    return EngineClient(reader, writer)


async def _retire(
    engine: Hello, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Have an engine leave; once its socket is gone, the next one can be started."""
    if engine.protocol == wire.PROTOCOL:
        writer.write(wire.encode(1, StopRequest()))
        await wire.read(reader)
        return
    pid, deadline = end_by_signal(pid_path()), time.monotonic() + _START_TIMEOUT
    while socket_path().exists():
        if time.monotonic() > deadline:
            raise EngineUnavailable(f"The engine of version {engine.version} ({pid}) does not end.")
        await asyncio.sleep(0.02)


async def _open(
    path: Path, *, start: bool, idle: float | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    with contextlib.suppress(OSError):
        return await asyncio.open_unix_connection(path)
    if not start:
        raise EngineUnavailable("No engine is running.")
    process = _spawn(idle)
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return await asyncio.open_unix_connection(path)
        if process.poll():
            raise EngineUnavailable(f"The engine did not start:\n{_log_tail()}")
        await asyncio.sleep(0.05)
        if process.poll() == 0:
            # Another engine holds the lock: it starts (and answers soon) or is leaving.
            process = _spawn(idle)
    raise EngineUnavailable(f"The engine does not answer on {path}; see {log_path()}.")


def _spawn(idle: float | None) -> subprocess.Popen[bytes]:
    """The engine in a session of its own, so that it outlives this client."""
    try:
        log = log_path().open("ab")
    except OSError as error:
        raise EngineUnavailable(f"The engine's log cannot be written: {error}.") from error
    options = [] if idle is None else ["--idle", str(idle)]
    with log:
        process = subprocess.Popen(
            # -P: never import from the folder that the client happens to stand in.
            [sys.executable, "-P", "-m", "attribution.engine.service", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",  # it outlives the client's folder, which may be on a disk to be ejected
            # Threads that spin at a barrier starve those they wait for on a busy machine, and the
            # test runner alone makes it busy.
            env={"OMP_WAIT_POLICY": "PASSIVE", **os.environ, **_absolute_paths()},
        )
    _SPAWNED.append(process)
    return process


def _absolute_paths() -> dict[str, str]:
    """`_PATHS` of the environment as they mean the same to an engine in another folder."""
    set_here = {name: os.environ[name] for name in _PATHS if os.environ.get(name)}
    return {name: str(Path(value).absolute()) for name, value in set_here.items()}


def _log_tail(size: int = 2000) -> str:
    try:
        return log_path().read_text(errors="replace")[-size:]
    except OSError:
        return "(no log)"


@frozen
class _Reply:
    """Frames of one request as they arrive; None marks a broken connection."""

    frames: asyncio.Queue[object | None] = field(factory=asyncio.Queue)


class EngineDied(EngineUnavailable):
    """The connection broke; in contrast to an answer of the engine, asking again may help."""

    code = "engine_died"


class EngineClient:
    """One connection; any number of requests at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ids = itertools.count(1)
        self._replies: dict[int, _Reply] = {}
        self._refusal: Failed | None = None  # why the connection ended, where that is known
        self._dispatcher = asyncio.create_task(self._dispatch())

    @property
    def closed(self) -> bool:
        """True once the engine is gone; connect anew then."""
        return self._dispatcher.done()

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """The events of one request, up to its end.

        Raises the error that the engine reports, or EngineDied where the connection breaks.
        """
        request_id, reply = next(self._ids), _Reply()
        if self.closed:
            raise EngineDied("The engine is gone.")
        self._replies[request_id] = reply
        ended = False
        try:
            await self._send(request_id, request)
            while True:
                value = await reply.frames.get()
                if value is None:
                    ended = True
                    raise self._broken()
                if isinstance(value, Done):
                    ended = True
                    return
                if isinstance(value, Failed):
                    ended = True
                    raise from_code(value.code, value.message)
                yield value  # type: ignore[misc] # the engine sends events only
        finally:
            del self._replies[request_id]
            if not ended and not self.closed:
                with contextlib.suppress(OSError):
                    self._writer.write(wire.encode(request_id, Cancel()))

    def _broken(self) -> TokenBlameError:
        if self._refusal is not None:
            return from_code(self._refusal.code, self._refusal.message)
        return EngineDied(f"The engine died; see {log_path()}.")

    async def _send(self, request_id: int, value: object) -> None:
        try:
            self._writer.write(wire.encode(request_id, value))
            await self._writer.drain()
        except OSError as error:
            raise EngineDied(f"The engine is gone: {error}") from error

    async def _dispatch(self) -> None:
        try:
            while True:
                frame = await wire.read(self._reader)
                if (reply := self._replies.get(frame.id)) is not None:
                    reply.frames.put_nowait(frame.value)
                elif frame.id == 0 and isinstance(frame.value, Failed):
                    self._refusal = frame.value
        except wire.BrokenFrame as error:
            self._refusal = Failed(error.code, error.message)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            for reply in self._replies.values():
                reply.frames.put_nowait(None)

    async def close(self) -> None:
        self._dispatcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._dispatcher
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

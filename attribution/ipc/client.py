"""Talk to the resident engine; start it first where none runs.

    async with await connect() as engine:
        async for event in engine.stream(ExplainRequest(...)):
            ...

Leaving the loop early (break, cancellation of the task) cancels the request in the engine.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import field, frozen

from attribution import __version__
from attribution.errors import EngineUnavailable, TokenBlameError, from_code
from attribution.ipc import wire
from attribution.ipc.handover import end_by_signal, is_older
from attribution.ipc.runtime_folder import log_path, pid_path, socket_path
from attribution.ipc.start import log_tail, spawn
from attribution.ipc.wire import Cancel, Done, Failed, Hello
from attribution.schema import Event, Request, StopRequest

_START_TIMEOUT = 60.0  # seconds; the engine listens before it imports torch


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
    process = spawn(idle)
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return await asyncio.open_unix_connection(path)
        if process.poll():
            raise EngineUnavailable(f"The engine did not start:\n{log_tail()}")
        await asyncio.sleep(0.05)
        if process.poll() == 0:
            # Another engine holds the lock: it starts (and answers soon) or is leaving.
            process = spawn(idle)
    raise EngineUnavailable(f"The engine does not answer on {path}; see {log_path()}.")


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

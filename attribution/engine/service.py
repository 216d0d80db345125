"""The resident engine process: a private socket, a queue, and one compute thread.

    python -m attribution.engine.service [--idle SECONDS]

It listens before it imports torch, serves any number of clients, and ends by itself after
`--idle` seconds without work. Interactive requests go first; a client that leaves cancels its
requests. One engine per user: a second one finds the lock taken and leaves.
"""

import argparse
import asyncio
import contextlib
import itertools
import logging
import math
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import define, field
from filelock import FileLock, Timeout

from attribution import __version__
from attribution.engine.priority import priority
from attribution.errors import Cancelled, EngineUnavailable, InvalidRequest, TokenBlameError
from attribution.ipc import wire
from attribution.ipc.runtime_folder import pid_path, socket_path
from attribution.ipc.wire import Cancel, Done, Failed, Hello
from attribution.job import Job
from attribution.resources import resident_bytes
from attribution.schema import (
    EngineRequest,
    EngineStatus,
    Event,
    IdleRequest,
    StatusRequest,
    StopRequest,
)

if TYPE_CHECKING:
    from attribution.engine.dispatch import Engine

IDLE_TIMEOUT = 1800.0  # seconds; TOKENBLAME_IDLE_SECONDS overrides it

_log = logging.getLogger("tokenblame.engine")


@define(order=True)
class _Item:
    """One request in the queue; ordered by priority, then by arrival."""

    priority: int
    number: int
    request: EngineRequest | None = field(order=False)  # None ends the compute thread
    send: Callable[[object], None] = field(order=False)
    cancelled: threading.Event = field(order=False, factory=threading.Event)

    def checkpoint(self) -> None:
        if self.cancelled.is_set():
            raise Cancelled


@define(eq=False)
class _Client:
    """One connection and its open requests, by the ids that the client gave them."""

    writer: asyncio.StreamWriter
    items: dict[int, _Item] = field(factory=dict)

    def write(self, data: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(data)

    def answer(self, request_id: int, *values: object) -> None:
        for value in values:
            self.write(wire.encode(request_id, value))


class Service:
    """State of the process; everything but `_compute` runs in the event loop."""

    def __init__(self, idle_timeout: float) -> None:
        self._first_idle_timeout = self._idle_timeout = idle_timeout
        self._idle_changed = asyncio.Event()
        self._started = self._last_work = time.monotonic()
        self._queue: queue.PriorityQueue[_Item] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._open: dict[int, _Item] = {}  # accepted and not yet ended, by number
        self._active: _Item | None = None  # for the status only
        self._engine: Engine | None = None
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._compute, name="compute", daemon=True)

    async def serve(self) -> None:
        """Listen until asked to stop, signalled, or idle for too long."""
        path = socket_path()
        path.unlink(missing_ok=True)  # of an engine that was killed: this one holds the lock
        server = await asyncio.start_unix_server(self._serve_client, path)
        path.chmod(0o600)
        pid_path().touch(0o600)
        pid_path().write_text(str(os.getpid()))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        self._thread.start()
        _log.info("engine %s listens, pid %d", __version__, os.getpid())
        watch = asyncio.create_task(self._watch_idle())
        await self._stopping.wait()
        watch.cancel()
        path.unlink(missing_ok=True)
        server.close()
        for item in self._open.values():  # first the answer: one of the thread's is then dropped
            item.send(Failed(EngineUnavailable.code, "The engine was stopped."))
            item.cancelled.set()
        self._queue.put(_Item(-1, next(self._numbers), None, lambda _: None))
        await asyncio.to_thread(self._thread.join, 10.0)
        pid_path().unlink(missing_ok=True)

    async def _watch_idle(self) -> None:
        while True:
            rest = self._idle_timeout - (time.monotonic() - self._last_work)
            if self._open:
                rest = self._idle_timeout
            elif rest <= 0:
                _log.info("idle for %.0f s, leaving", self._idle_timeout)
                self._stopping.set()
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle_changed.wait(), rest)
            self._idle_changed.clear()

    async def _serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        client = _Client(writer)
        try:
            wire.check_hello((await wire.read(reader)).value)
            client.answer(0, Hello(wire.PROTOCOL, __version__))
            while True:
                await self._serve_frame(reader, client)
        except wire.BrokenFrame as error:
            _log.warning("a client is refused: %s", error.message)
            client.answer(0, wire.failed(error))
        except TokenBlameError:
            # The peer's own check of this hello names both versions.
            client.answer(0, Hello(wire.PROTOCOL, __version__))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for item in client.items.values():
                item.cancelled.set()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _serve_frame(self, reader: asyncio.StreamReader, client: _Client) -> None:
        try:
            frame = await wire.read(reader)
        except wire.BrokenFrame as error:
            if error.request_id is None:
                raise  # nobody knows where the next frame begins
            _log.warning("request %d: %s", error.request_id, error.message)
            client.answer(error.request_id, wire.failed(error))
            return
        self._dispatch(frame, client)

    def _dispatch(self, frame: wire.Frame, client: _Client) -> None:
        match frame.value:
            case Cancel():
                if (item := client.items.get(frame.id)) is not None:
                    item.cancelled.set()
            case StatusRequest():
                client.answer(frame.id, self._status(), Done())
            case IdleRequest(seconds):
                self._idle_timeout = self._first_idle_timeout if seconds is None else seconds
                self._idle_changed.set()
                client.answer(frame.id, Done())
            case StopRequest():
                socket_path().unlink(missing_ok=True)  # who comes now starts the next engine
                client.answer(frame.id, Done())
                self._stopping.set()
            case request if isinstance(request, EngineRequest):
                # Too late: the connection ends unanswered, so that its client asks the next engine.
                if not self._stopping.is_set():
                    self._accept(frame.id, request, client)
            case other:
                refusal = InvalidRequest(f"The engine does not answer {type(other).__name__}.")
                client.answer(frame.id, wire.failed(refusal))

    def _accept(self, request_id: int, request: EngineRequest, client: _Client) -> None:
        loop = asyncio.get_running_loop()
        number = next(self._numbers)

        def deliver(data: bytes, last: bool) -> None:
            if number not in self._open:
                return  # it has its last frame already
            if last:
                del self._open[number]
                client.items.pop(request_id, None)
                self._last_work = time.monotonic()
            client.write(data)

        def send(value: object) -> None:
            # Encoded here, in the compute thread: what cannot be sent fails its own request.
            data = wire.encode(request_id, value)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
                loop.call_soon_threadsafe(deliver, data, isinstance(value, Done | Failed))

        item = _Item(priority(request), number, request, send)
        self._open[number] = client.items[request_id] = item
        self._queue.put(item)

    def _status(self) -> EngineStatus:
        loaded = self._engine.models.loaded if self._engine else None
        active = self._active
        return EngineStatus(
            pid=os.getpid(),
            version=__version__,
            protocol=wire.PROTOCOL,
            uptime=time.monotonic() - self._started,
            model=loaded.name if loaded else None,
            device=str(loaded.device) if loaded else None,
            dtype=str(loaded.dtype).removeprefix("torch.") if loaded else None,
            memory=resident_bytes(),
            active=type(active.request).__name__ if active else None,
            queued=self._queue.qsize(),
            idle_timeout=self._idle_timeout,
        )

    # The compute thread

    def _compute(self) -> None:
        while (item := self._queue.get()).request is not None:
            self._active = item
            try:
                self._run(item, item.request)
            finally:
                self._active = None
        if self._engine is not None:
            self._engine.close()

    def _run(self, item: _Item, request: EngineRequest) -> None:
        def emit(event: Event) -> None:
            item.checkpoint()
            item.send(event)

        try:
            from attribution.engine.dispatch import Engine  # seconds of torch, after we listen

            item.checkpoint()
            if self._engine is None:
                self._engine = Engine()
            self._engine.run(request, Job(emit, item.checkpoint))
            item.send(Done())
        except TokenBlameError as error:
            item.send(wire.failed(error))
        except Exception as error:  # noqa: BLE001 - see below
            # The engine must outlive a bug in one request; the log has the whole story.
            _log.exception("request failed")
            item.send(wire.failed(TokenBlameError(f"{type(error).__name__}: {error}")))


def main() -> int:
    default = os.environ.get("TOKENBLAME_IDLE_SECONDS", str(IDLE_TIMEOUT))  # parsed like --idle
    parser = argparse.ArgumentParser(
        prog="python -m attribution.engine.service", description=__doc__
    )
    parser.add_argument(
        "--idle", type=_seconds, default=default, help="seconds (default %(default)s)"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    lock = FileLock(socket_path().with_suffix(".lock"), timeout=0)
    try:
        with lock:
            asyncio.run(Service(arguments.idle).serve())
    except Timeout:
        _log.info("another engine is running")
    return 0


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds >= 0:
        raise argparse.ArgumentTypeError(
            f"TOKENBLAME_IDLE_SECONDS or --idle must be a number of seconds, not {text!r}"
        )
    return seconds


if __name__ == "__main__":
    sys.exit(main())

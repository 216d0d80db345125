"""The resident engine process: a private socket, a queue, and one compute thread.

    python -m attribution.service [--idle SECONDS]

It listens before it imports torch, serves any number of clients, and ends by itself after
`--idle` seconds without work. Interactive requests go first; a client that leaves cancels its
requests. One engine per user: a second one finds the lock taken and leaves.
"""

import argparse
import asyncio
import contextlib
import itertools
import logging
import os
import queue
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import define, field
from filelock import FileLock, Timeout

from attribution import __version__, wire
from attribution.client import socket_path
from attribution.errors import Cancelled, InvalidRequest, TokenBlameError
from attribution.schema import (
    EngineStatus,
    Event,
    ExplainRequest,
    GenerateRequest,
    GradeRequest,
    StatusRequest,
    StopRequest,
)
from attribution.wire import Cancel, Done, Failed, Hello

if TYPE_CHECKING:
    from attribution.engine import Engine

IDLE_TIMEOUT = 1800.0  # seconds; TOKENBLAME_IDLE_SECONDS overrides it

Work = GenerateRequest | GradeRequest | ExplainRequest
_log = logging.getLogger("tokenblame.engine")
# Someone waits for an explanation; generating a set of samples can wait.
_PRIORITY: dict[type, int] = {ExplainRequest: 0, GradeRequest: 0, GenerateRequest: 1}


@define(order=True)
class _Item:
    """One request in the queue; ordered by priority, then by arrival."""

    priority: int
    number: int
    request: Work | None = field(order=False)  # None ends the compute thread
    send: Callable[[object], None] = field(order=False)
    cancelled: threading.Event = field(order=False, factory=threading.Event)

    def checkpoint(self) -> None:
        if self.cancelled.is_set():
            raise Cancelled


class Service:
    """State of the process; everything but `_compute` runs in the event loop."""

    def __init__(self, idle_timeout: float) -> None:
        self._idle_timeout = idle_timeout
        self._started = self._last_work = time.monotonic()
        self._queue: queue.PriorityQueue[_Item] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._active: _Item | None = None
        self._engine: Engine | None = None
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._compute, name="compute", daemon=True)

    async def serve(self) -> None:
        """Listen until asked to stop, signalled, or idle for too long."""
        path = socket_path()
        path.unlink(missing_ok=True)  # of an engine that was killed: this one holds the lock
        server = await asyncio.start_unix_server(self._serve_client, path)
        path.chmod(0o600)
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
        if self._active is not None:
            self._active.cancelled.set()
        self._queue.put(_Item(-1, next(self._numbers), None, lambda _: None))
        await asyncio.to_thread(self._thread.join, 10.0)

    async def _watch_idle(self) -> None:
        while True:
            rest = self._idle_timeout - (time.monotonic() - self._last_work)
            if self._active is not None or not self._queue.empty():
                rest = self._idle_timeout
            elif rest <= 0:
                _log.info("idle for %.0f s, leaving", self._idle_timeout)
                self._stopping.set()
                return
            await asyncio.sleep(rest)

    async def _serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        items: dict[int, _Item] = {}
        try:
            wire.check_hello((await wire.read(reader)).value)
            writer.write(wire.encode(0, Hello(wire.PROTOCOL, __version__)))
            while True:
                frame = await wire.read(reader)
                self._accept(frame, items, writer)
        except wire.BrokenFrame as error:
            writer.write(wire.encode(0, Failed(error.code, error.message)))
        except TokenBlameError:
            # The peer's own check of this hello names both versions.
            writer.write(wire.encode(0, Hello(wire.PROTOCOL, __version__)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for item in items.values():
                item.cancelled.set()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _accept(
        self, frame: wire.Frame, items: dict[int, _Item], writer: asyncio.StreamWriter
    ) -> None:
        def answer(value: object) -> None:
            if isinstance(value, Done | Failed):
                items.pop(frame.id, None)
            if not writer.is_closing():
                writer.write(wire.encode(frame.id, value))

        match frame.value:
            case Cancel():
                self._cancel(items.get(frame.id))
            case StatusRequest():
                answer(self._status())
                answer(Done())
            case StopRequest():
                socket_path().unlink(missing_ok=True)  # who comes now starts the next engine
                answer(Done())
                self._stopping.set()
            case GenerateRequest() | GradeRequest() | ExplainRequest() as request:
                loop = asyncio.get_running_loop()
                items[frame.id] = item = _Item(
                    _PRIORITY[type(request)],
                    next(self._numbers),
                    request,
                    lambda value: _call(loop, answer, value),
                )
                self._queue.put(item)
            case other:
                kind = type(other).__name__
                answer(Failed(InvalidRequest.code, f"The engine does not answer {kind}."))

    def _cancel(self, item: _Item | None) -> None:
        """Mark it; one that still waits in the queue is answered when its turn comes."""
        if item is not None:
            item.cancelled.set()

    def _status(self) -> EngineStatus:
        loaded = self._engine.loaded if self._engine else None
        active = self._active
        return EngineStatus(
            pid=os.getpid(),
            version=__version__,
            protocol=wire.PROTOCOL,
            uptime=time.monotonic() - self._started,
            model=loaded.name if loaded else None,
            device=str(loaded.device) if loaded else None,
            dtype=str(loaded.dtype).removeprefix("torch.") if loaded else None,
            memory=_resident_bytes(),
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
                self._last_work = time.monotonic()
        if self._engine is not None:
            self._engine.close()

    def _run(self, item: _Item, request: Work) -> None:
        def emit(event: Event) -> None:
            item.checkpoint()
            item.send(event)

        try:
            from attribution.engine import Engine, Job  # seconds of torch, after we listen

            item.checkpoint()
            if self._engine is None:
                self._engine = Engine()
            self._engine.run(request, Job(emit, item.checkpoint))
            item.send(Done())
        except TokenBlameError as error:
            item.send(Failed(error.code, error.message))
        except Exception as error:  # noqa: BLE001 - see below
            # The engine must outlive a bug in one request; the log has the whole story.
            _log.exception("request failed")
            item.send(Failed(TokenBlameError.code, f"{type(error).__name__}: {error}"))


def _call(loop: asyncio.AbstractEventLoop, answer: Callable[[object], None], value: object) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
        loop.call_soon_threadsafe(answer, value)


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm") as file:  # noqa: PTH123 - no file of ours
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:  # macOS has the peak only
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> int:
    default = float(os.environ.get("TOKENBLAME_IDLE_SECONDS", IDLE_TIMEOUT))
    parser = argparse.ArgumentParser(prog="python -m attribution.service", description=__doc__)
    parser.add_argument("--idle", type=float, default=default, help="seconds (default %(default)s)")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    lock = FileLock(socket_path().with_suffix(".lock"), timeout=0)
    try:
        with lock:
            asyncio.run(_serve(arguments.idle))
    except Timeout:
        _log.info("another engine is running")
    return 0


async def _serve(idle: float) -> None:
    await Service(idle).serve()


if __name__ == "__main__":
    sys.exit(main())

"""A protocol peer for the server's tests: the engine's side of the socket, played by the test.

It speaks the real frames on a real socket, so what is tested is what the server does with them in
every order, also in orders that a working engine shows rarely (death in the middle, silence, an
answer after the cancel). Explanations by the real engine are tested in tests/e2e.
"""

import asyncio
from pathlib import Path
from typing import Any

from attrs import define, field

from attribution import __version__
from attribution.errors import InvalidRequest
from attribution.ipc import wire
from attribution.ipc.wire import Cancel, Done, Failed, Hello
from attribution.schema import MarginRequest


@define(eq=False)
class ReceivedRequest:
    """One request of the server, to be answered by the test."""

    id: int
    request: Any
    _writer: asyncio.StreamWriter
    cancelled: asyncio.Event = field(factory=asyncio.Event)

    def send(self, *events: object) -> None:
        for event in events:
            self._writer.write(wire.encode(self.id, event))

    def done(self) -> None:
        self.send(Done())

    def fail(self, code: str, message: str) -> None:
        self.send(Failed(code, message))

    def hang_up(self) -> None:
        """What the server sees when the engine dies."""
        self._writer.close()


class Peer:
    """Listens where the server looks for the engine."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "engine.sock"
        self.requests: asyncio.Queue[ReceivedRequest] = asyncio.Queue()
        self.margins: asyncio.Queue[ReceivedRequest] = asyncio.Queue()
        self.answers_margins = False  # they are refused
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def stop(self) -> None:
        for writer in self._writers:
            writer.close()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def forget(self) -> None:
        """Nothing was asked yet."""
        self.answers_margins = False
        for queue in (self.requests, self.margins):
            while not queue.empty():
                queue.get_nowait()

    async def next_request(self) -> ReceivedRequest:
        """The next request of the server."""
        async with asyncio.timeout(20):
            return await self.requests.get()

    async def next_margin_request(self) -> ReceivedRequest:
        """The next request of the server for Δℓ after an edit."""
        async with asyncio.timeout(20):
            return await self.margins.get()

    def _take(self, received: ReceivedRequest) -> None:
        if not isinstance(received.request, MarginRequest):
            self.requests.put_nowait(received)
        elif self.answers_margins:
            self.margins.put_nowait(received)
        else:
            received.fail(InvalidRequest.code, "The token does not stand there.")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        wire.check_hello((await wire.read(reader)).value)
        writer.write(wire.encode(0, Hello(wire.PROTOCOL, __version__)))
        open_requests: dict[int, ReceivedRequest] = {}
        try:
            while True:
                frame = await wire.read(reader)
                if isinstance(frame.value, Cancel):
                    open_requests[frame.id].cancelled.set()
                else:
                    received = open_requests[frame.id] = ReceivedRequest(
                        frame.id, frame.value, writer
                    )
                    self._take(received)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

"""The server's one connection to the engine: opened when first needed, again when it is gone."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

from attribution.errors import EngineUnavailable, TokenBlameError
from attribution.ipc.client import EngineClient, EngineDied, connect
from attribution.ipc.runtime_folder import log_path
from attribution.schema import Event, IdleRequest, Request


class Connection:
    """Shared by all documents; requests run side by side on it."""

    def __init__(self, on_start: Callable[[], None]) -> None:
        self._on_start = on_start  # called before the engine is looked for and maybe started
        self._client: EngineClient | None = None
        self._opening = asyncio.Lock()
        self._idle_request: asyncio.Task[None] | None = None

    async def stream(
        self, request: Request, *, idle: float | None = None
    ) -> AsyncGenerator[Event, None]:
        """The events of one request; closing the generator cancels it in the engine.

        An engine that must be started for it leaves after `idle` seconds without work.

        Raises what the engine reports, and EngineUnavailable where it cannot be reached or dies.
        An engine that left between two requests (it does so when idle) is started again.
        """
        received = False
        reused = self._client is not None
        client = await self._connected(idle)
        try:
            async with contextlib.aclosing(client.stream(request)) as events:
                async for event in events:
                    received = True
                    yield event
            return
        except EngineDied:  # what the engine answers stands, also that it was stopped
            await self._drop(client)
            if received or not reused:
                raise
        client = await self._connected(idle)
        async with contextlib.aclosing(client.stream(request)) as events:
            async for event in events:
                yield event

    def set_idle_time(self, idle: float | None) -> None:
        """Have the engine leave after so long without work, if there is one; None: as it would."""
        if self._client is not None:
            self._idle_request = asyncio.create_task(self._send_idle_time(self._client, idle))

    async def close(self) -> None:
        if self._idle_request is not None:
            self._idle_request.cancel()
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _drop(self, client: EngineClient) -> None:
        """Forget a connection that broke; it may not have noticed itself yet."""
        if self._client is client:
            await self.close()

    async def _send_idle_time(self, client: EngineClient, idle: float | None) -> None:
        with contextlib.suppress(TokenBlameError):  # one that is gone is told when it is started
            async for _ in client.stream(IdleRequest(idle)):
                pass

    async def _connected(self, idle: float | None) -> EngineClient:
        async with self._opening:
            if self._client is not None and self._client.closed:
                await self.close()
            if self._client is None:
                self._on_start()
                self._client = await _open(idle)
                if idle is not None:  # one that ran already was started by others
                    self.set_idle_time(idle)
            return self._client


async def _open(idle: float | None) -> EngineClient:
    try:
        return await connect(idle=idle)
    except OSError as error:  # TimeoutError is one of them
        raise EngineUnavailable(
            f"The engine cannot be reached: {error or 'it did not answer in time'}. "
            f"Its log is {log_path()}."
        ) from error

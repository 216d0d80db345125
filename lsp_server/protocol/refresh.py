"""Asking a client to ask again, without waiting for it and never twice at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from pygls.exceptions import JsonRpcException

_log = logging.getLogger(__name__)


class Refresh:
    """One kind of refresh request; calls that come while it is answered become one more."""

    def __init__(self, request: Callable[[None], Awaitable[None]]) -> None:
        self._request = request
        self._task: asyncio.Task[None] | None = None
        self._again = False

    def __call__(self) -> None:
        if self._task is not None and not self._task.done():
            self._again = True
        else:
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        self._again = True
        while self._again:
            self._again = False
            try:
                await self._request(None)
            except JsonRpcException as error:
                _log.info("the client refused to refresh: %s", error)

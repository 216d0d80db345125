"""Work-done progress, under tokens of ours or of the client's."""

import asyncio
import logging
from enum import Enum, auto
from types import TracebackType
from typing import Self

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from attribution.schema import Progress

_log = logging.getLogger(__name__)


class _Phase(Enum):
    ASKED = auto()  # the client has not accepted the token yet
    BEGUN = auto()
    ENDED = auto()


class WorkDone:
    """Work-done progress.

    A token of ours may be used only once the client has accepted it, and the work must not wait
    for that: what is reported earlier is the first message when it begins. A token that came with
    a request (`given`) may be used at once.
    """

    def __init__(
        self, server: LanguageServer, title: str, token: str | int | None, *, given: bool = False
    ) -> None:
        self.token = token
        self._given = given
        self._server = server
        self._title = title
        self._message: str | None = None
        self._phase = _Phase.ASKED
        self._asking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._given:
            self._begin()
        elif self.token is not None:
            # Never cancelled: pygls fails on the answer to a request that was.
            self._asking = asyncio.create_task(self._ask(self.token))
        return self

    async def _ask(self, token: str | int) -> None:
        try:
            await self._server.window_work_done_progress_create_async(
                lsp.WorkDoneProgressCreateParams(token)
            )
        except JsonRpcException as error:
            _log.info("the client refused progress: %s", error)
            return
        if self._phase is _Phase.ASKED:
            self._begin()

    def _begin(self) -> None:
        self._phase = _Phase.BEGUN
        self._send(lsp.WorkDoneProgressBegin(self._title, cancellable=True, message=self._message))

    def report(self, progress: Progress) -> None:
        percent = None if progress.fraction is None else round(100 * progress.fraction)
        self._message = progress.message
        if self._phase is _Phase.BEGUN:
            self._send(lsp.WorkDoneProgressReport(message=progress.message, percentage=percent))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._phase is _Phase.BEGUN:
            self._send(lsp.WorkDoneProgressEnd())
        self._phase = _Phase.ENDED

    def _send(
        self,
        value: lsp.WorkDoneProgressBegin | lsp.WorkDoneProgressReport | lsp.WorkDoneProgressEnd,
    ) -> None:
        if self.token is not None:
            self._server.progress(lsp.ProgressParams(self.token, value))

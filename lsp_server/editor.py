"""What the server says to the editor, within what the editor declared that it understands."""

import asyncio
import itertools
import logging
from enum import Enum, StrEnum, auto
from types import TracebackType
from typing import Any, Self

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from attribution.schema import Progress
from lsp_server.documents import Snapshot
from lsp_server.session import Session
from lsp_server.to_lsp import nothing_relevant, to_diagnostics, to_relevance
from lsp_server.views import EditorView

RELEVANCE = "tokenblame/relevance"
STATUS = "tokenblame/status"

_log = logging.getLogger(__name__)


class EngineState(StrEnum):
    """What `tokenblame/status` tells."""

    STARTING = "starting"
    READY = "ready"
    COMPUTING = "computing"
    ERROR = "error"
    UNTRUSTED = "untrusted"


def declares(capabilities: Any, path: str) -> bool:
    """Whether a client capability is there and true, e.g. "window.work_done_progress"."""
    for name in path.split("."):
        if isinstance(capabilities, dict):
            capabilities = capabilities.get(name)
        else:
            capabilities = getattr(capabilities, name, None)
    return bool(capabilities)


class Editor:
    """One client. Nothing here waits for it."""

    def __init__(self, server: LanguageServer) -> None:
        self._server = server
        self._last_status: tuple[EngineState, str, str | None] | None = None
        self._numbers = itertools.count(1)

    def supports(self, path: str) -> bool:
        return declares(self._server.client_capabilities, path)

    # Results

    def show(self, snapshot: Snapshot, session: Session) -> None:
        """Diagnostics and heat map of one version, replacing what was shown."""
        self._publish(snapshot, session.view)
        if self.supports("experimental.relevance"):
            payload = to_relevance(snapshot, session.view, session.explanation, session.task_id)
            self._server.protocol.notify(RELEVANCE, payload)

    def clear(self, snapshot: Snapshot, state: str, task_id: str | None) -> None:
        """Nothing is known about this version; `state` is "stale" or "cleared"."""
        self._publish(snapshot, EditorView())
        if self.supports("experimental.relevance"):
            self._server.protocol.notify(RELEVANCE, nothing_relevant(snapshot, state, task_id))

    def _publish(self, snapshot: Snapshot, view: EditorView) -> None:
        related = self.supports("text_document.publish_diagnostics.related_information")
        self._server.text_document_publish_diagnostics(
            to_diagnostics(snapshot, view, related=related)
        )

    # Words

    def status(self, state: EngineState, message: str, uri: str | None = None) -> None:
        """For a status item; repeated ones are left out."""
        now = (state, message, uri)
        if now != self._last_status and self.supports("experimental.status"):
            payload = {"state": state.value, "message": message, "uri": uri}
            self._server.protocol.notify(STATUS, payload)
        self._last_status = now

    def log(self, message: str) -> None:
        _log.info(message)
        self._server.window_log_message(lsp.LogMessageParams(lsp.MessageType.Info, message))

    def warn(self, message: str) -> None:
        """Shown to the user, who can go on."""
        self._tell(lsp.MessageType.Warning, message)

    def error(self, message: str) -> None:
        """Shown to the user, who did not get what was asked for."""
        self._tell(lsp.MessageType.Error, message)

    def _tell(self, kind: lsp.MessageType, message: str) -> None:
        _log.warning(message)
        self._server.window_show_message(lsp.ShowMessageParams(kind, f"Token Blame: {message}"))
        self._server.window_log_message(lsp.LogMessageParams(kind, message))

    def progress(self, title: str) -> "WorkDone":
        """Progress of one piece of work, as a context manager around it."""
        number = next(self._numbers) if self.supports("window.work_done_progress") else None
        return WorkDone(self._server, title, number)


class _Phase(Enum):
    ASKED = auto()  # the client has not accepted the token yet
    BEGUN = auto()
    ENDED = auto()


class WorkDone:
    """Work-done progress under a token of ours.

    The token may be used only once the client has accepted it, and the work must not wait for
    that: what is reported earlier is the first message when it begins.
    """

    def __init__(self, server: LanguageServer, title: str, number: int | None) -> None:
        self.token = f"tokenblame/{number}" if number is not None else None
        self._server = server
        self._title = title
        self._message: str | None = None
        self._phase = _Phase.ASKED
        self._asking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self.token is not None:
            # Never cancelled: pygls fails on the answer to a request that was.
            self._asking = asyncio.create_task(self._ask(self.token))
        return self

    async def _ask(self, token: str) -> None:
        try:
            await self._server.window_work_done_progress_create_async(
                lsp.WorkDoneProgressCreateParams(token)
            )
        except JsonRpcException as error:
            _log.info("the client refused progress: %s", error)
            return
        if self._phase is _Phase.ASKED:
            self._phase = _Phase.BEGUN
            begin = lsp.WorkDoneProgressBegin(self._title, cancellable=True, message=self._message)
            self._send(begin)

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

"""How one version of one sample is explained, from waiting for the settings to the last event."""

import asyncio
import contextlib
import logging
from enum import Enum

from attribution.errors import (
    Cancelled,
    ExecutionRefused,
    InvalidSample,
    TokenBlameError,
    UnknownTask,
)
from attribution.schema import Event, Generation, Progress, Verdict
from lsp_server.documents.snapshot import Snapshot
from lsp_server.engine.connection import Connection
from lsp_server.engine.margin_after_edit import PAUSE, MarginAfterEdit
from lsp_server.features.publish import Publisher
from lsp_server.protocol.client import Editor
from lsp_server.protocol.messages import EngineState
from lsp_server.protocol.progress import WorkDone
from lsp_server.state.editor_view import untrusted_view
from lsp_server.state.requests import ExplainOptions, request_for
from lsp_server.state.server_state import ServerState
from lsp_server.state.session import Session, SessionState
from lsp_server.state.settings import Run

_log = logging.getLogger(__name__)


class Trigger(Enum):
    """Why a sample is to be explained; the value says which setting of `run` that needs."""

    EDITED = Run.TYPE
    OPENED = Run.OPEN
    SAVED = Run.SAVE
    ASKED = Run.MANUAL


class ExplanationRunner:
    """Asks the engine, and passes on what it says to session and editor."""

    def __init__(
        self, editor: Editor, state: ServerState, publisher: Publisher, connection: Connection
    ) -> None:
        self._editor = editor
        self._sessions = state.sessions
        self._conditions = state.conditions
        self._publisher = publisher
        self._connection = connection
        self._margin = MarginAfterEdit(state, publisher, connection)

    async def run(self, snapshot: Snapshot, trigger: Trigger, progress: WorkDone) -> None:
        """Explain a sample where settings and trust allow it, once nobody types any more."""
        try:
            await self._conditions.wait_until_settled()
            settings = self._conditions.settings
            if settings.run < trigger.value:
                if trigger is Trigger.EDITED:  # what the edit stopped is not begun again
                    self._editor.status(EngineState.READY, "Stopped.", snapshot.document)
                return
            await self._pause(
                snapshot, settings.debounce / 1000 if trigger is Trigger.EDITED else 0
            )
            if self._conditions.trusted:
                async with progress:
                    await self._explain(snapshot, progress)
            else:
                self.refuse(snapshot)
        except TokenBlameError as error:
            self._fail(snapshot, error, trigger)
        except Exception as error:
            self._report_mistake(snapshot, error)
            raise

    def refuse(self, snapshot: Snapshot) -> None:
        """Say why nothing is run."""
        if self._sessions.refuse(snapshot, untrusted_view(snapshot)):
            self._publisher.publish(snapshot)
        message = "The workspace is not trusted."
        self._editor.status(EngineState.UNTRUSTED, message, snapshot.document)

    async def _pause(self, snapshot: Snapshot, seconds: float) -> None:
        """Wait until nobody types any more. What an edit did to Δℓ is shown long before."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        if seconds:
            await asyncio.sleep(min(seconds, PAUSE))
        if self._margin.is_due(snapshot):
            await self._margin.measure(snapshot)
        await asyncio.sleep(max(0.0, end - loop.time()))

    async def _explain(self, snapshot: Snapshot, progress: WorkDone) -> None:
        session = self._sessions.get(snapshot)
        if session is None or not self._sessions.set_state(snapshot, SessionState.RUNNING):
            return
        self._publisher.refresh()
        if (offset := snapshot.lone_surrogate) is not None:
            line = snapshot.lines.position(offset)[0] + 1
            raise InvalidSample(f"Line {line} holds half a character, which no file can hold.")
        try:
            await self._stream(snapshot, session, progress)
        except asyncio.CancelledError:
            self._report_cancelled(snapshot)
            raise
        if self._sessions.set_state(snapshot, SessionState.DONE):
            if session.options == ExplainOptions():
                self._publisher.refresh()
            else:  # what the answer left as it was has not been published since the work began
                self._publisher.publish(snapshot)
            self._editor.status(EngineState.READY, "Explained.", snapshot.document)

    def _report_cancelled(self, snapshot: Snapshot) -> None:
        """Say so where nothing came in its place."""
        session = self._sessions.get(snapshot)
        by_user = session is not None and session.state is SessionState.STOPPED
        if by_user or snapshot.sample_line is not None:
            self._editor.status(EngineState.READY, "Stopped.", snapshot.document)

    async def _stream(self, snapshot: Snapshot, session: Session, progress: WorkDone) -> None:
        request = request_for(snapshot, session.task_id, self._conditions, session.options)
        stream = self._connection.stream(request, idle=self._conditions.settings.idle)
        async with contextlib.aclosing(stream) as events:
            async for event in events:
                self._take(snapshot, event, progress)

    def _take(self, snapshot: Snapshot, event: Event, progress: WorkDone) -> None:
        if isinstance(event, Progress):
            progress.report(event)
            self._editor.status(EngineState.COMPUTING, event.message, snapshot.document)
            return
        if isinstance(event, Generation) and not _is_about(event, snapshot):
            raise TokenBlameError("The engine explained another text than it was given.")
        before = self._sessions.get(snapshot)
        after = self._sessions.add(snapshot, event)
        if before is None or after is None:
            return  # the document has moved on
        if after.view != before.view or isinstance(event, Verdict):
            self._publisher.publish(snapshot)

    def _fail(self, snapshot: Snapshot, error: TokenBlameError, trigger: Trigger) -> None:
        """Say it; what was proved before it, such as the verdict, stays.

        Whoever types is not interrupted because the text is none to be judged yet.
        """
        if isinstance(error, ExecutionRefused):
            self.refuse(snapshot)
        elif not self._sessions.set_state(snapshot, SessionState.STOPPED):
            _log.info("about a version that has moved on: %s", error.message)
        else:
            if isinstance(error, UnknownTask):
                self._sessions.take_back_task(snapshot)
            self._publisher.refresh()
            stopped = isinstance(error, Cancelled)
            message = "Stopped." if stopped else error.message
            unfinished = trigger is Trigger.EDITED and isinstance(error, InvalidSample)
            if not stopped and not unfinished:
                self._editor.error(message)
            state = EngineState.READY if stopped else EngineState.ERROR
            self._editor.status(state, message, snapshot.document)

    def _report_mistake(self, snapshot: Snapshot, error: Exception) -> None:
        """A mistake of ours: nothing is being computed any more."""
        if self._sessions.set_state(snapshot, SessionState.STOPPED):
            self._publisher.refresh()
            message = f"Internal error: {error!r}"
            self._editor.status(EngineState.ERROR, message, snapshot.document)


def _is_about(generation: Generation, snapshot: Snapshot) -> bool:
    """Whether it is of the text of the snapshot, which a completion's prompt goes before."""
    if snapshot.sample_line is not None and snapshot.sample_line.completion:
        return generation.code.endswith(snapshot.text)
    return generation.code == snapshot.text

"""The work on samples: one task each, which asks the engine and passes on what it says."""

import asyncio
import contextlib
import logging
from enum import Enum

from attrs import define, field, frozen

from attribution.errors import (
    Cancelled,
    ExecutionRefused,
    InvalidSample,
    TokenBlameError,
    UnknownTask,
)
from attribution.schema import Event, Generation, Progress, Verdict
from lsp_server.documents.store import Snapshot
from lsp_server.engine.connection import Connection
from lsp_server.engine.margin import PAUSE, Remeasure
from lsp_server.engine.side_requests import Inquiries
from lsp_server.features.publish import Display
from lsp_server.protocol.client import Editor, EngineState
from lsp_server.protocol.progress import WorkDone
from lsp_server.state.requests import Wish, request_for
from lsp_server.state.session import Session, Sessions, State
from lsp_server.state.settings import Run, Settings
from lsp_server.state.views import untrusted

_log = logging.getLogger(__name__)


class Trigger(Enum):
    """Why a sample is to be explained; the value says which setting of `run` that needs."""

    EDITED = Run.TYPE
    OPENED = Run.OPEN
    SAVED = Run.SAVE
    ASKED = Run.MANUAL


@define
class Conditions:
    """What decides whether and how work is done; it changes at run time."""

    settings: Settings = field(factory=Settings)
    client_trust: bool | None = None  # None: the client said nothing
    settled: asyncio.Event = field(factory=asyncio.Event)  # settings are known; nothing runs before

    @property
    def trusted(self) -> bool:
        """A client that knows workspace trust is obeyed whatever the settings say."""
        return self.settings.trusted if self.client_trust is None else self.client_trust


@frozen
class _Job:
    """The running work on one sample."""

    snapshot: Snapshot
    trigger: Trigger
    task: asyncio.Task[None]
    progress: WorkDone


class Work:
    """At most one job per sample. Only `_run` waits, and it works on a snapshot."""

    def __init__(
        self, editor: Editor, sessions: Sessions, display: Display, conditions: Conditions
    ) -> None:
        self._editor = editor
        self._sessions = sessions
        self._display = display
        self._conditions = conditions
        self._link = Connection(self._connecting)
        self.inquiries = Inquiries(editor, self._link, conditions)
        self._remeasure = Remeasure(self._link, sessions, display, conditions)
        self._jobs: dict[str, _Job] = {}

    def running(self, snapshot: Snapshot) -> bool:
        return snapshot.uri in self._jobs

    def asked(self, snapshot: Snapshot) -> bool:
        """Whether what runs on it was asked for, so that nothing less may take its place."""
        job = self._jobs.get(snapshot.uri)
        return job is not None and job.trigger is Trigger.ASKED

    def start(self, snapshot: Snapshot, trigger: Trigger) -> None:
        """Begin with what the session of `snapshot` says, in the place of what runs on it."""
        self._drop(snapshot.uri)
        session = self._sessions.get(snapshot)
        progress = self._editor.progress(f"Token Blame {session.task_id if session else ''}")
        task = asyncio.create_task(self._run(snapshot, trigger, progress))
        task.add_done_callback(self._report_bug)
        self._jobs[snapshot.uri] = _Job(snapshot, trigger, task, progress)

    def drop(self, snapshot: Snapshot) -> None:
        """Stop the work on a sample, or on all rows of a document.

        Nothing is said about the sample itself: what took the place of this work may speak already.
        """
        self.inquiries.drop(snapshot)
        for uri, job in tuple(self._jobs.items()):
            if snapshot.uri in (uri, job.snapshot.document):
                self._drop(uri)

    def give_up(self, document: str | None = None, token: str | int | None = None) -> None:
        """Stop the work on one document, behind one progress token, or all of it.

        What is shown already stays.
        """
        self.inquiries.give_up(document, token)
        for uri, job in tuple(self._jobs.items()):
            wanted = document in (None, job.snapshot.document)
            if wanted and token in (None, job.progress.token):
                self._drop(uri)
                self._sessions.move(job.snapshot, State.STOPPED)
                self._display.state_changed()

    def refuse(self, snapshot: Snapshot) -> None:
        """Say why nothing is run."""
        if self._sessions.refuse(snapshot, untrusted(snapshot)):
            self._display.changed(snapshot)
        message = "The workspace is not trusted."
        self._editor.status(EngineState.UNTRUSTED, message, snapshot.document)

    def keep_engine(self, seconds: float | None) -> None:
        """Without work; None: as long as it would stay by itself."""
        self._link.set_idle_time(seconds)

    async def close(self) -> None:
        """Stop everything and leave the engine to its other clients."""
        tasks = [job.task for job in self._jobs.values()]
        self.give_up()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._link.close()

    # How

    def _drop(self, uri: str) -> None:
        if (job := self._jobs.pop(uri, None)) is None:
            return
        job.task.cancel()
        session = self._sessions.get(job.snapshot)
        if session is not None and session.state in (State.IDLE, State.RUNNING):
            # Of no document, and now: later it would be said into what the next job says.
            self._editor.status(EngineState.READY, "Stopped.")

    def _report_bug(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("explaining failed", exc_info=error)
            self._editor.error(f"Internal error, please report it with the log: {error!r}")

    async def _run(self, snapshot: Snapshot, trigger: Trigger, progress: WorkDone) -> None:
        try:
            await self._conditions.settled.wait()
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
            self._failed(snapshot, error, trigger)
        except Exception as error:
            self._broke(snapshot, error)
            raise
        finally:
            job = self._jobs.get(snapshot.uri)
            if job is not None and job.task is asyncio.current_task():
                del self._jobs[snapshot.uri]

    async def _pause(self, snapshot: Snapshot, seconds: float) -> None:
        """Wait until nobody types any more. What an edit did to Δℓ is told long before."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        if seconds:
            await asyncio.sleep(min(seconds, PAUSE))
        if self._remeasure.wanted(snapshot):
            await self._remeasure(snapshot)
        await asyncio.sleep(max(0.0, end - loop.time()))

    async def _explain(self, snapshot: Snapshot, progress: WorkDone) -> None:
        session = self._sessions.get(snapshot)
        if session is None or not self._sessions.move(snapshot, State.RUNNING):
            return
        self._display.state_changed()
        if (place := snapshot.half_character) is not None:
            line = snapshot.lines.position(place)[0] + 1
            raise InvalidSample(f"Line {line} holds half a character, which no file can hold.")
        try:
            await self._listen(snapshot, session, progress)
        except asyncio.CancelledError:
            self._cancelled(snapshot)
            raise
        if self._sessions.move(snapshot, State.DONE):
            if session.wish == Wish():
                self._display.state_changed()
            else:  # what the answer left as it was has not been told since the work began
                self._display.changed(snapshot)
            self._editor.status(EngineState.READY, "Explained.", snapshot.document)

    def _cancelled(self, snapshot: Snapshot) -> None:
        """Say so where nothing came in its place."""
        session = self._sessions.get(snapshot)
        given_up = session is not None and session.state is State.STOPPED
        if given_up or snapshot.row is not None:
            self._editor.status(EngineState.READY, "Stopped.", snapshot.document)

    async def _listen(self, snapshot: Snapshot, session: Session, progress: WorkDone) -> None:
        settings, trusted = self._conditions.settings, self._conditions.trusted
        request = request_for(snapshot, session.task_id, settings, session.wish, trusted=trusted)
        stream = self._link.stream(request, idle=settings.idle)
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
            self._display.changed(snapshot)

    def _connecting(self) -> None:
        self._editor.status(EngineState.STARTING, "Connecting to the engine.")

    def _failed(self, snapshot: Snapshot, error: TokenBlameError, trigger: Trigger) -> None:
        """Say it; what was proved before it, such as the verdict, stays.

        Whoever types is not interrupted because the text is none to be judged yet.
        """
        if isinstance(error, ExecutionRefused):
            self.refuse(snapshot)
        elif not self._sessions.move(snapshot, State.STOPPED):
            _log.info("about a version that has moved on: %s", error.message)
        else:
            if isinstance(error, UnknownTask):
                self._sessions.take_back(snapshot)
            self._display.state_changed()
            stopped = isinstance(error, Cancelled)
            message = "Stopped." if stopped else error.message
            unfinished = trigger is Trigger.EDITED and isinstance(error, InvalidSample)
            if not stopped and not unfinished:
                self._editor.error(message)
            state = EngineState.READY if stopped else EngineState.ERROR
            self._editor.status(state, message, snapshot.document)

    def _broke(self, snapshot: Snapshot, error: Exception) -> None:
        """A mistake of ours: nothing is being computed any more."""
        if self._sessions.move(snapshot, State.STOPPED):
            self._display.state_changed()
            message = f"Internal error: {error!r}"
            self._editor.status(EngineState.ERROR, message, snapshot.document)


def _is_about(generation: Generation, snapshot: Snapshot) -> bool:
    """Whether it is of the text of the snapshot, which a completion's prompt goes before."""
    if snapshot.row is not None and snapshot.row.completion:
        return generation.code.endswith(snapshot.text)
    return generation.code == snapshot.text

"""When which document is explained: one task per document, the latest version wins.

The methods are called from the event loop by synchronous handlers, so the order of what a client
sends is the order of what happens here. Only `_run` waits, and it works on a snapshot.
"""

import asyncio
import contextlib
import logging
from enum import Enum, auto

from attrs import frozen

from attribution.errors import Cancelled, ExecutionRefused, InvalidSample, TokenBlameError
from attribution.schema import Event, ExplainRequest, Generation, Progress, Verdict
from lsp_server.documents import Documents, Snapshot
from lsp_server.editor import Editor, EngineState, WorkDone
from lsp_server.link import EngineLink
from lsp_server.session import Session, Sessions, State
from lsp_server.settings import Run, Settings
from lsp_server.views import untrusted

_log = logging.getLogger(__name__)


class Trigger(Enum):
    """Why a document is to be explained."""

    OPENED = auto()
    EDITED = auto()
    SAVED = auto()
    ASKED = auto()

    def allowed(self, run: Run) -> bool:
        if run is Run.OPEN or self is Trigger.ASKED:
            return True
        return run is Run.SAVE and self is Trigger.SAVED


@frozen
class _Job:
    """The running work on one document."""

    snapshot: Snapshot
    task: asyncio.Task[None]
    progress: WorkDone


class Explainer:
    """Turns what happens in the editor into requests to the engine, and events into views."""

    def __init__(self, editor: Editor) -> None:
        self.documents = Documents()
        self.sessions = Sessions()
        self.settings = Settings()
        self.client_trust: bool | None = None  # None: the client said nothing
        self.settled = asyncio.Event()  # the client's settings are known, nothing starts before
        self._editor = editor
        self._link = EngineLink(self._starting)
        self._jobs: dict[str, _Job] = {}

    @property
    def trusted(self) -> bool:
        """A client that knows workspace trust is obeyed whatever the settings say."""
        return self.settings.trusted if self.client_trust is None else self.client_trust

    # What happens to documents

    def opened(self, snapshot: Snapshot) -> None:
        if self.sessions.renew(snapshot).task_id is not None:
            self._start(snapshot, Trigger.OPENED)

    def edited(self, snapshot: Snapshot) -> None:
        """What was shown is about a text that is no more."""
        self._stop(snapshot)
        session = self.sessions.renew(snapshot)
        if session.task_id is not None:
            self._editor.clear(snapshot, "stale", session.task_id)
            self._start(snapshot, Trigger.EDITED)

    def saved(self, snapshot: Snapshot) -> None:
        session = self.sessions.get(snapshot)
        if session is None or session.task_id is None:
            return
        if session.state not in (State.RUNNING, State.DONE):
            self._start(snapshot, Trigger.SAVED)

    def closed(self, snapshot: Snapshot) -> None:
        self._stop(snapshot)
        session = self.sessions.get(snapshot)
        self.sessions.close(snapshot)
        if session is not None and session.task_id is not None:
            self._editor.clear(snapshot, "cleared", session.task_id)

    # What the user asks for

    def explain(self, uri: str, task_id: str | None) -> Snapshot | None:
        """Explain an open document now; None, with a message, where that cannot be."""
        snapshot = self.documents.get(uri)
        if snapshot is None:
            self._editor.warn(f"Open {uri} before asking for its explanation.")
            return None
        session = self.sessions.get(snapshot)
        if task_id is None and (session is None or session.task_id is None):
            self._editor.warn(
                "Which task does this file solve? Put it into a folder named after the task "
                '(HumanEval_65/0.py), or pass {"taskId": "HumanEval/65"} with the command.'
            )
            return None
        self._again(snapshot, task_id)
        return snapshot

    def cancel(self, uri: str | None) -> None:
        """Stop the work on one document, or all of it; what is already shown stays."""
        for job in tuple(self._jobs.values()):
            if uri is None or job.snapshot is self.documents.get(uri):
                self._give_up(job)

    def cancel_progress(self, token: str | int) -> None:
        """Stop the work behind a progress token."""
        for job in tuple(self._jobs.values()):
            if job.progress.token == token:
                self._give_up(job)

    def trust(self, trusted: bool) -> None:
        """The client's workspace trust was given or withdrawn."""
        self.client_trust = trusted
        self._trust_changed()

    def apply(self, settings: Settings) -> None:
        """Settings take effect: what they would change is explained again."""
        old, self.settings = self.settings, settings
        self.settled.set()
        opened = settings.run is Run.OPEN and old.run is not Run.OPEN
        for snapshot, session in self._samples():
            if session.state is not State.IDLE and not settings.same_results(old):
                self._again(snapshot)
            elif session.state is State.IDLE and opened and snapshot.uri not in self._jobs:
                self._start(snapshot, Trigger.OPENED)
        if settings.trusted is not old.trusted and self.client_trust is None:
            self._trust_changed()

    async def close(self) -> None:
        """Stop everything and leave the engine to its other clients."""
        tasks = [job.task for job in self._jobs.values()]
        self.cancel(None)
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._link.close()

    # How

    def _samples(self) -> list[tuple[Snapshot, Session]]:
        known = ((snapshot, self.sessions.get(snapshot)) for snapshot in self.documents)
        return [(a, session) for a, session in known if session and session.task_id is not None]

    def _again(self, snapshot: Snapshot, task_id: str | None = None) -> None:
        self._stop(snapshot)
        session = self.sessions.renew(snapshot, task_id)
        self._editor.clear(snapshot, "stale", session.task_id)
        self._start(snapshot, Trigger.ASKED)

    def _trust_changed(self) -> None:
        for snapshot, session in self._samples():
            if self.trusted and session.state is State.REFUSED:
                self._start(snapshot, Trigger.ASKED)
            elif not self.trusted and session.state is State.RUNNING:
                self._stop(snapshot)
                self._refuse(snapshot)

    def _start(self, snapshot: Snapshot, trigger: Trigger) -> None:
        self._stop(snapshot)
        session = self.sessions.get(snapshot)
        progress = self._editor.progress(f"Token Blame {session.task_id if session else ''}")
        task = asyncio.create_task(self._run(snapshot, trigger, progress))
        task.add_done_callback(self._report_bug)
        self._jobs[snapshot.uri] = _Job(snapshot, task, progress)

    def _stop(self, snapshot: Snapshot) -> None:
        if (job := self._jobs.pop(snapshot.uri, None)) is not None:
            job.task.cancel()

    def _give_up(self, job: _Job) -> None:
        self._stop(job.snapshot)
        self.sessions.move(job.snapshot, State.STOPPED)

    def _report_bug(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("explaining failed", exc_info=error)
            self._editor.error(f"Internal error, please report it with the log: {error!r}")

    async def _run(self, snapshot: Snapshot, trigger: Trigger, progress: WorkDone) -> None:
        try:
            await self.settled.wait()
            if not trigger.allowed(self.settings.run):
                return
            if trigger is Trigger.EDITED:
                await asyncio.sleep(self.settings.debounce / 1000)
            if self.trusted:
                async with progress:
                    await self._explain(snapshot, progress)
            else:
                self._refuse(snapshot)
        except TokenBlameError as error:
            self._failed(snapshot, error)
        finally:
            job = self._jobs.get(snapshot.uri)
            if job is not None and job.task is asyncio.current_task():
                del self._jobs[snapshot.uri]

    async def _explain(self, snapshot: Snapshot, progress: WorkDone) -> None:
        if not self.sessions.move(snapshot, State.RUNNING):
            return
        if (place := snapshot.half_character) is not None:
            line = snapshot.lines.position(place)[0] + 1
            raise InvalidSample(f"Line {line} holds half a character, which no file can hold.")
        session = self.sessions.get(snapshot)
        request = self._request(snapshot, session.task_id if session else None)
        try:
            async with contextlib.aclosing(self._link.stream(request)) as events:
                async for event in events:
                    self._take(snapshot, event, progress)
        except asyncio.CancelledError:
            self._editor.status(EngineState.READY, "Stopped.", snapshot.uri)
            raise
        if self.sessions.move(snapshot, State.DONE):
            self._editor.status(EngineState.READY, "Explained.", snapshot.uri)

    def _request(self, snapshot: Snapshot, task_id: str | None) -> ExplainRequest:
        settings = self.settings
        return ExplainRequest(
            code=snapshot.text,
            path=snapshot.path,
            task_id=task_id,
            form=settings.form,
            settings=settings.for_model,
            rollouts=settings.rollouts,
            seconds=settings.seconds,
            method=settings.method,
            trusted=self.trusted,
        )

    def _take(self, snapshot: Snapshot, event: Event, progress: WorkDone) -> None:
        if isinstance(event, Progress):
            progress.report(event)
            self._editor.status(EngineState.COMPUTING, event.message, snapshot.uri)
            return
        if isinstance(event, Generation) and event.code != snapshot.text:
            raise TokenBlameError("The engine explained another text than it was given.")
        before = self.sessions.get(snapshot)
        after = self.sessions.add(snapshot, event)
        if before is None or after is None:
            return  # the document has moved on
        if after.view != before.view or isinstance(event, Verdict):
            self._editor.show(snapshot, after)

    def _starting(self) -> None:
        self._editor.status(EngineState.STARTING, "Connecting to the engine.")

    def _refuse(self, snapshot: Snapshot) -> None:
        if self.sessions.move(snapshot, State.REFUSED):
            session = self.sessions.show(snapshot, untrusted(snapshot))
            if session is not None:
                self._editor.show(snapshot, session)
        self._editor.status(EngineState.UNTRUSTED, "The workspace is not trusted.", snapshot.uri)

    def _failed(self, snapshot: Snapshot, error: TokenBlameError) -> None:
        """Say it; what was proved before it, such as the verdict, stays."""
        if isinstance(error, ExecutionRefused):
            self._refuse(snapshot)
        elif not self.sessions.move(snapshot, State.STOPPED):
            _log.info("about a version that has moved on: %s", error.message)
        elif isinstance(error, Cancelled):
            self._editor.status(EngineState.READY, "Stopped.", snapshot.uri)
        else:
            self._editor.error(error.message)
            self._editor.status(EngineState.ERROR, error.message, snapshot.uri)

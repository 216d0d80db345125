"""The explanations that are being computed, at most one per sample."""

import asyncio
import logging

from attrs import frozen

from lsp_server.documents.snapshot import Snapshot
from lsp_server.engine.connection import Connection
from lsp_server.engine.explanation_runner import ExplanationRunner, Trigger
from lsp_server.features.publish import Publisher
from lsp_server.protocol.client import Editor
from lsp_server.protocol.messages import EngineState
from lsp_server.protocol.progress import WorkDone
from lsp_server.state.server_state import ServerState
from lsp_server.state.session import SessionState

_log = logging.getLogger(__name__)


@frozen
class _RunningJob:
    """The running explanation of one sample."""

    snapshot: Snapshot
    trigger: Trigger
    task: asyncio.Task[None]
    progress: WorkDone


class Jobs:
    """Starts and stops explanations. Only their tasks wait, and each works on a snapshot."""

    def __init__(
        self, editor: Editor, state: ServerState, publisher: Publisher, connection: Connection
    ) -> None:
        self._editor = editor
        self._sessions = state.sessions
        self._publisher = publisher
        self._runner = ExplanationRunner(editor, state, publisher, connection)
        self._running: dict[str, _RunningJob] = {}  # by the uri of the snapshot

    def is_running(self, snapshot: Snapshot) -> bool:
        return snapshot.uri in self._running

    def was_asked_for(self, snapshot: Snapshot) -> bool:
        """Whether the user asked for what runs on it, so that nothing less may take its place."""
        job = self._running.get(snapshot.uri)
        return job is not None and job.trigger is Trigger.ASKED

    def start(self, snapshot: Snapshot, trigger: Trigger) -> None:
        """Begin with what the session of `snapshot` says, in the place of what runs on it."""
        self._stop(snapshot.uri)
        session = self._sessions.get(snapshot)
        progress = self._editor.progress(f"Token Blame {session.task_id if session else ''}")
        task = asyncio.create_task(self._run(snapshot, trigger, progress))
        task.add_done_callback(self._report_bug)
        self._running[snapshot.uri] = _RunningJob(snapshot, trigger, task, progress)

    def drop(self, snapshot: Snapshot) -> None:
        """Stop the work on a sample, or on all lines of a document.

        Nothing is said about the sample itself: what took the place of this work may speak already.
        """
        for uri, job in tuple(self._running.items()):
            if snapshot.uri in (uri, job.snapshot.document):
                self._stop(uri)

    def cancel(self, document: str | None, token: str | int | None) -> None:
        """Stop the work on one document, behind one progress token, or all of it.

        What is shown already stays.
        """
        for uri, job in tuple(self._running.items()):
            concerned = document in (None, job.snapshot.document)
            if concerned and token in (None, job.progress.token):
                self._stop(uri)
                self._sessions.set_state(job.snapshot, SessionState.STOPPED)
                self._publisher.refresh()

    def refuse(self, snapshot: Snapshot) -> None:
        """Say why nothing is run."""
        self._runner.refuse(snapshot)

    async def close(self) -> None:
        """Stop everything, and wait until it has stopped."""
        tasks = [job.task for job in self._running.values()]
        self.cancel(None, None)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, snapshot: Snapshot, trigger: Trigger, progress: WorkDone) -> None:
        try:
            await self._runner.run(snapshot, trigger, progress)
        finally:
            job = self._running.get(snapshot.uri)
            if job is not None and job.task is asyncio.current_task():
                del self._running[snapshot.uri]

    def _stop(self, uri: str) -> None:
        if (job := self._running.pop(uri, None)) is None:
            return
        job.task.cancel()
        session = self._sessions.get(job.snapshot)
        if session is not None and session.state in (SessionState.IDLE, SessionState.RUNNING):
            # Of no document, and now: later it would be said into what the next job says.
            self._editor.status(EngineState.READY, "Stopped.")

    def _report_bug(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("explaining failed", exc_info=error)
            self._editor.error(f"Internal error, please report it with the log: {error!r}")

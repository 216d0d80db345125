"""When which document is explained: the latest version wins.

The methods are called from the event loop by synchronous handlers, so the order of what a client
sends is the order of what happens here. What takes time is in the jobs and side requests.
"""

from typing import TypeVar

from attribution.schema import Request
from lsp_server.documents.prompts import PromptLink
from lsp_server.documents.samples_file import is_samples_file, samples_of
from lsp_server.documents.snapshot import Snapshot
from lsp_server.engine.connection import Connection
from lsp_server.engine.explanation_runner import Trigger
from lsp_server.engine.jobs import Jobs
from lsp_server.engine.side_requests import SideRequests
from lsp_server.features.publish import Publisher
from lsp_server.protocol.client import Editor
from lsp_server.protocol.messages import EngineState, RelevanceState
from lsp_server.protocol.progress import WorkDone
from lsp_server.state.requests import ExplainOptions
from lsp_server.state.server_state import ServerState
from lsp_server.state.session import Session, SessionState
from lsp_server.state.settings import Run, Settings

T = TypeVar("T")


class Scheduler:
    """Turns what happens in the editor into jobs."""

    def __init__(
        self, editor: Editor, state: ServerState, publisher: Publisher, connection: Connection
    ) -> None:
        self._editor = editor
        self._documents = state.documents
        self._prompts = state.prompts
        self._sessions = state.sessions
        self._conditions = state.conditions
        self._publisher = publisher
        self._connection = connection
        self._jobs = Jobs(editor, state, publisher, connection)
        self._side_requests = SideRequests(editor, connection, state.conditions)

    # What happens to documents

    def opened(self, snapshot: Snapshot) -> None:
        if (link := self._prompts.opened(snapshot)) is not None:
            self._read_prompt(link, link.edited(snapshot.text))
        elif self._sessions.renew(snapshot).task_id is not None:
            self._jobs.start(snapshot, Trigger.OPENED)
        elif samples_of(snapshot).broken:
            self._publisher.publish(snapshot)

    def edited(self, snapshot: Snapshot) -> None:
        """What was shown is about a text that is no more."""
        if (link := self._prompts.edited(snapshot)) is not None:
            self._read_prompt(link, link.edited(snapshot.text))
            return
        self._drop(snapshot)
        session = self._sessions.renew(snapshot)
        if session.task_id is not None:
            self._publisher.clear(snapshot, RelevanceState.STALE, session.task_id)
            self._jobs.start(snapshot, Trigger.EDITED)
        elif is_samples_file(snapshot.uri):
            self._sessions.forget_lines(snapshot)
            self._publisher.publish(snapshot)

    def _read_prompt(self, link: PromptLink, prompt: str | None) -> None:
        """Read a sample as the answer to this prompt (None: its own)."""
        old, new = self._documents.get(link.code), self._documents.set_prompt(link.code, prompt)
        if old is None or new is None:
            return
        if old.prompt != new.prompt:
            self.edited(new)
        elif (session := self._sessions.get(new)) is not None and session.explanation.verdict:
            self._publisher.publish(new)  # the prompt document has just been opened or closed

    def saved(self, snapshot: Snapshot) -> None:
        if (link := self._prompts.link(snapshot.uri)) is not None:
            if (code := self._documents.get(link.code)) is not None:
                self.saved(code)
            return
        session = self._sessions.get(snapshot)
        if session is None or session.task_id is None:
            return
        explained = session.state in (SessionState.RUNNING, SessionState.DONE)
        if not explained and not self._jobs.was_asked_for(snapshot):
            self._jobs.start(snapshot, Trigger.SAVED)

    def closed(self, snapshot: Snapshot) -> None:
        if (link := self._prompts.closed(snapshot)) is not None:
            self._publisher.clear(snapshot, RelevanceState.CLEARED, None)
            self._read_prompt(link, self._prompts.edited_prompt(link.code))
            return
        self._drop(snapshot)
        session = self._sessions.get(snapshot)
        self._sessions.close(snapshot)
        if session is not None and (session.task_id or samples_of(snapshot)):
            self._publisher.clear(snapshot, RelevanceState.CLEARED, session.task_id)

    # What the user asks for

    def explain(
        self, snapshot: Snapshot, task_id: str | None = None, *, compare: bool = True
    ) -> None:
        """Explain a sample now, whatever is known about it.

        `compare`: show what an edit did to the choice that was explained before.
        """
        self._drop(snapshot)
        session = self._sessions.renew(snapshot, task_id, compare=compare)
        self._publisher.clear(snapshot, RelevanceState.STALE, session.task_id)
        self._jobs.start(snapshot, Trigger.ASKED)

    def explain_with(self, snapshot: Snapshot, options: ExplainOptions) -> None:
        """Ask something else about this version; what stays true stays shown."""
        self._drop(snapshot)
        self._sessions.set_options(snapshot, options)
        self._publisher.publish(snapshot)
        self._jobs.start(snapshot, Trigger.ASKED)

    async def ask_engine(
        self, snapshot: Snapshot, request: Request, result_type: type[T], progress: WorkDone
    ) -> T:
        """The last result of this type that answers `request`, which is about a sample.

        Raises Outdated where something newer came in between, CancelledByUser where the user
        stopped it, and what the engine reports.
        """
        return await self._side_requests.ask(snapshot, request, result_type, progress)

    def cancel(self, document: str | None = None, token: str | int | None = None) -> None:
        """Stop the work on one document, behind one progress token, or all of it.

        What is shown already stays.
        """
        self._side_requests.cancel(document, token)
        self._jobs.cancel(document, token)

    # What changes at run time

    def begin(self, settings: Settings, trusted: bool | None) -> None:
        """What the client says as it starts; `trusted` is None where it says nothing of trust."""
        self._conditions.change_settings(settings)
        if trusted is not None:
            self._conditions.set_client_trust(trusted)

    def set_client_trust(self, trusted: bool) -> None:
        """The client's workspace trust was given or withdrawn."""
        self._conditions.set_client_trust(trusted)
        self._apply_trust()

    def settle(self) -> None:
        """Settings are known, or will not come: work may begin."""
        if self._conditions.settle():
            # Before anything that waits for this can say something else.
            self._editor.status(EngineState.READY, "Ready.")

    def apply(self, settings: Settings) -> None:
        """Settings take effect: what they would change is explained again."""
        old = self._conditions.change_settings(settings)
        self.settle()
        if self._sessions.set_thresholds(settings.thresholds):
            self._publisher.publish_all()
        if (settings.semantic_tokens, settings.hints) != (old.semantic_tokens, old.hints):
            self._publisher.refresh()
        if settings.for_model != old.for_model:  # a prompt in the words of another's template
            self._prompts.set_aside()
            self._documents.forget_prompts()
        if settings.idle != old.idle:
            self._connection.set_idle_time(settings.idle)
        self._renew_outdated(old)
        if settings.trusted is not old.trusted and not self._conditions.client_says_trust:
            self._apply_trust()

    async def close(self) -> None:
        """Stop everything and leave the engine to its other clients."""
        self._side_requests.cancel(None, None)
        await self._jobs.close()
        await self._connection.close()

    def _drop(self, snapshot: Snapshot) -> None:
        """Stop all work on a sample, or on all lines of a document."""
        self._side_requests.drop(snapshot)
        self._jobs.drop(snapshot)

    def _renew_outdated(self, old: Settings) -> None:
        """Explain what the settings of now would explain otherwise, or explain at all."""
        settings = self._conditions.settings
        opened = settings.run >= Run.OPEN > old.run
        for session in self._sessions.of_samples():
            snapshot = self._documents.get(session.snapshot.uri) or session.snapshot  # or a line
            if session.state is not SessionState.IDLE and not settings.same_results(old):
                self._renew(snapshot)
            elif snapshot.prompt != session.snapshot.prompt:
                self.edited(snapshot)
            elif opened and self._is_waiting(session):
                self._jobs.start(snapshot, Trigger.OPENED)

    def _renew(self, snapshot: Snapshot) -> None:
        """Other settings would give other results; lines wait to be asked for again."""
        if snapshot.sample_line is None:
            self.explain(snapshot, compare=False)
        else:
            self._drop(snapshot)
            self._sessions.renew(snapshot)
            self._publisher.publish(snapshot)

    def _is_waiting(self, session: Session) -> bool:
        """Whether it would have been explained on opening, had the settings said so then."""
        snapshot = session.snapshot
        idle = session.state is SessionState.IDLE and snapshot.sample_line is None
        return idle and not self._jobs.is_running(snapshot)

    def _apply_trust(self) -> None:
        trusted = self._conditions.trusted
        for session in self._sessions.of_samples():
            if trusted and session.state is SessionState.REFUSED:
                self._jobs.start(session.snapshot, Trigger.ASKED)
            elif not trusted and session.state is SessionState.RUNNING:
                self._drop(session.snapshot)
                self._jobs.refuse(session.snapshot)

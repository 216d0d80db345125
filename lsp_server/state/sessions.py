"""What is known about each open document: the latest result of its latest version."""

from collections.abc import Callable

from attrs import evolve

from attribution.schema import Event
from lsp_server.documents.snapshot import Snapshot
from lsp_server.documents.tasks import AssignedTasks
from lsp_server.state.counterfactual import after_edit
from lsp_server.state.editor_view import EditorView
from lsp_server.state.requests import ExplainOptions
from lsp_server.state.session import Session, SessionState
from lsp_server.state.settings import Thresholds


class Sessions:
    """The sessions of open documents and of lines in use, by the uri of their snapshots."""

    def __init__(self) -> None:
        self.thresholds = Thresholds()
        self._tasks = AssignedTasks()
        self._by_uri: dict[str, Session] = {}

    def get(self, snapshot: Snapshot) -> Session | None:
        """What is known about this very version, read after this very prompt."""
        session = self._by_uri.get(snapshot.uri)
        if session is None or _identity(session.snapshot) != _identity(snapshot):
            return None
        return session

    def of_lines(self, document: Snapshot) -> list[Session]:
        """What is known about the lines of a samples file, in the order of asking."""
        return [
            session
            for session in self._by_uri.values()
            if session.snapshot.sample_line is not None
            and (session.snapshot.document, session.snapshot.version)
            == (document.uri, document.version)
        ]

    def of_samples(self) -> list[Session]:
        """The sessions of all that can be explained."""
        return [session for session in self._by_uri.values() if session.task_id is not None]

    def renew(
        self, snapshot: Snapshot, task_id: str | None = None, *, compare: bool = True
    ) -> Session:
        """Forget what was known: `snapshot` is current now. A task once named stays named.

        What was known is remembered as what an edit is compared with, unless the question is
        another one now (not `compare`).
        """
        old = self._by_uri.get(snapshot.uri)
        if task_id is not None:
            self._tasks.assign(snapshot, task_id)
        task_id = task_id or (old.task_id if old else self._tasks.task_id(snapshot))
        baseline = None
        if old is not None and compare and task_id == old.task_id:
            baseline = after_edit(old.snapshot, old.explanation, old.baseline, snapshot)
        session = self._by_uri[snapshot.uri] = Session(snapshot, task_id, baseline=baseline)
        return session

    def take_back_task(self, snapshot: Snapshot) -> None:
        """There is no such task as the one that was named last: the one before it counts again."""
        task_id = self._tasks.take_back(snapshot)
        self._update(snapshot, lambda session: evolve(session, task_id=task_id))

    def set_options(self, snapshot: Snapshot, options: ExplainOptions) -> None:
        """Ask something else about this version; what stays true stays known."""
        self._update(snapshot, lambda session: session.with_options(options))

    def set_state(self, snapshot: Snapshot, state: SessionState) -> bool:
        """Set the state; False, and nothing done, where the document has moved on."""
        return self._update(snapshot, lambda session: evolve(session, state=state)) is not None

    def refuse(self, snapshot: Snapshot, view: EditorView) -> bool:
        """Nothing is run, which `view` explains; False where the document has moved on."""
        state = SessionState.REFUSED
        refused = self._update(snapshot, lambda old: evolve(old, state=state, view=view))
        return refused is not None

    def add(self, snapshot: Snapshot, event: Event) -> Session | None:
        """Take one event about `snapshot`; None where the document has moved on."""
        return self._update(snapshot, lambda session: session.with_event(event))

    def set_thresholds(self, thresholds: Thresholds) -> bool:
        """See what is known with these thresholds; whether they are other ones."""
        if thresholds == self.thresholds:
            return False
        self.thresholds = thresholds
        for uri, session in self._by_uri.items():
            if session.state is not SessionState.REFUSED:
                self._by_uri[uri] = session.with_view(thresholds)
        return True

    def close(self, document: Snapshot) -> None:
        self.forget_lines(document)
        self._by_uri.pop(document.uri, None)

    def forget_lines(self, document: Snapshot) -> None:
        """Forget what is known about the lines of a samples file."""
        for uri, session in tuple(self._by_uri.items()):
            if session.snapshot.sample_line and session.snapshot.document == document.uri:
                del self._by_uri[uri]

    def _update(self, snapshot: Snapshot, change: Callable[[Session], Session]) -> Session | None:
        if (old := self.get(snapshot)) is None:
            return None
        new = change(old)
        if new.explanation is not old.explanation or new.baseline is not old.baseline:
            new = new.with_view(self.thresholds)
        self._by_uri[snapshot.uri] = new
        return new


def _identity(snapshot: Snapshot) -> tuple[int, str | None]:
    """What tells two snapshots with one uri apart."""
    return snapshot.version, snapshot.prompt

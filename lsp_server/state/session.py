"""What is known about each open document: the latest result of its latest version."""

from collections.abc import Callable
from enum import Enum, auto

from attrs import evolve, field, frozen

from attribution.schema import Event, Margin
from lsp_server.documents.store import Snapshot
from lsp_server.documents.tasks import Assignments
from lsp_server.protocol.positions import Span
from lsp_server.state.counterfactual import Baseline, after_edit, with_edit
from lsp_server.state.explanation import Explanation
from lsp_server.state.requests import Wish
from lsp_server.state.samples_file import row_view
from lsp_server.state.settings import Thresholds
from lsp_server.state.views import EditorView, view


class State(Enum):
    """Where a document stands."""

    IDLE = auto()  # not explained: nobody asked yet
    RUNNING = auto()
    DONE = auto()
    STOPPED = auto()  # the engine could not, or was told to stop
    REFUSED = auto()  # the workspace is not trusted


@frozen
class Session:
    """The state of one document, or of one row of it. A new version starts an empty one."""

    snapshot: Snapshot
    task_id: str | None
    wish: Wish = field(factory=Wish)
    state: State = State.IDLE
    explanation: Explanation = field(factory=Explanation)
    view: EditorView = field(factory=EditorView)
    baseline: Baseline | None = None  # what an edit is compared with

    @property
    def fault(self) -> Span | None:
        """The faulty token of this version; until that is explained, that of the one before."""
        return self.view.pair_span or (self.baseline.span if self.baseline else None)


class Sessions:
    """The session of every open document and of every row in use, by the uri of its snapshots."""

    def __init__(self) -> None:
        self.thresholds = Thresholds()
        self.assigned = Assignments()
        self._by_uri: dict[str, Session] = {}

    def get(self, snapshot: Snapshot) -> Session | None:
        """What is known about this very version, read after this very prompt."""
        session = self._by_uri.get(snapshot.uri)
        if session is None or _identity(session.snapshot) != _identity(snapshot):
            return None
        return session

    def rows(self, document: Snapshot) -> list[Session]:
        """What is known about the rows of a samples file, in the order of asking."""
        return [
            session
            for session in self._by_uri.values()
            if session.snapshot.row is not None
            and (session.snapshot.document, session.snapshot.version)
            == (document.uri, document.version)
        ]

    def samples(self) -> list[Session]:
        """Whatever can be explained."""
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
            self.assigned.name(snapshot, task_id)
        named = task_id or (old.task_id if old else self.assigned.of(snapshot))
        baseline = None
        if old is not None and compare and named == old.task_id:
            baseline = after_edit(old.snapshot, old.explanation, old.baseline, snapshot)
        session = self._by_uri[snapshot.uri] = Session(snapshot, named, baseline=baseline)
        return session

    def take_back(self, snapshot: Snapshot) -> None:
        """There is no such task as the one that was named last: the one before it counts again."""
        task_id = self.assigned.take_back(snapshot)
        self._update(snapshot, lambda session: evolve(session, task_id=task_id))

    def wish(self, snapshot: Snapshot, wish: Wish) -> None:
        """Ask something else about this version; what the wish leaves true stays known."""

        def change(session: Session) -> Session:
            explanation = (
                session.explanation if wish.check else session.explanation.asking(wish.pair)
            )
            other = wish.pair is not None and not wish.check  # a pair of the user's choice
            baseline = None if other else session.baseline
            return evolve(session, wish=wish, explanation=explanation, baseline=baseline)

        self._update(snapshot, change)

    def move(self, snapshot: Snapshot, state: State) -> bool:
        """Set the state; False, and nothing done, where the document has moved on."""
        return self._update(snapshot, lambda session: evolve(session, state=state)) is not None

    def refuse(self, snapshot: Snapshot, shown: EditorView) -> bool:
        """Nothing is run, which `shown` explains; False where the document has moved on."""
        refused = self._update(snapshot, lambda old: evolve(old, state=State.REFUSED, view=shown))
        return refused is not None

    def add(self, snapshot: Snapshot, event: Event) -> Session | None:
        """Take one event about `snapshot`; None where the document has moved on."""

        def change(old: Session) -> Session:
            if isinstance(event, Margin):
                return evolve(old, baseline=old.baseline and evolve(old.baseline, margin=event))
            return evolve(old, explanation=old.explanation.with_event(event))

        return self._update(snapshot, change)

    def apply(self, thresholds: Thresholds) -> bool:
        """See what is known with other thresholds; whether they are other ones."""
        if thresholds == self.thresholds:
            return False
        self.thresholds = thresholds
        for uri, session in self._by_uri.items():
            if session.state is not State.REFUSED:
                self._by_uri[uri] = evolve(session, view=self._view(session))
        return True

    def close(self, document: Snapshot) -> None:
        self.forget_rows(document)
        self._by_uri.pop(document.uri, None)

    def forget_rows(self, document: Snapshot) -> None:
        for uri, session in tuple(self._by_uri.items()):
            if session.snapshot.row and session.snapshot.document == document.uri:
                del self._by_uri[uri]

    def _update(self, snapshot: Snapshot, change: Callable[[Session], Session]) -> Session | None:
        if (old := self.get(snapshot)) is None:
            return None
        new = change(old)
        if new.explanation is not old.explanation or new.baseline is not old.baseline:
            new = evolve(new, view=self._view(new))
        self._by_uri[snapshot.uri] = new
        return new

    def _view(self, session: Session) -> EditorView:
        explanation = session.explanation
        if session.snapshot.row:
            return row_view(session.snapshot, explanation, self.thresholds)
        shown = view(session.snapshot, explanation, self.thresholds)
        return with_edit(shown, explanation, session.baseline)


def _identity(snapshot: Snapshot) -> tuple[int, str | None]:
    """What tells two snapshots with one uri apart."""
    return snapshot.version, snapshot.prompt

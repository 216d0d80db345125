"""What is known about each open document: the latest result of its latest version."""

from enum import Enum, auto

from attrs import evolve, field, frozen

from attribution.schema import Event
from lsp_server.documents import Snapshot
from lsp_server.explanation import Explanation
from lsp_server.views import EditorView, view


class State(Enum):
    """Where a document stands."""

    IDLE = auto()  # not explained: nobody asked yet
    RUNNING = auto()
    DONE = auto()
    STOPPED = auto()  # the engine could not, or was told to stop
    REFUSED = auto()  # the workspace is not trusted


@frozen
class Session:
    """One document's state. A new version starts an empty one."""

    version: int
    task_id: str | None
    state: State = State.IDLE
    explanation: Explanation = field(factory=Explanation)
    view: EditorView = field(factory=EditorView)


class Sessions:
    """The session of every open document, by the uri of its snapshots."""

    def __init__(self) -> None:
        self._by_uri: dict[str, Session] = {}

    def get(self, snapshot: Snapshot) -> Session | None:
        """What is known about this very version."""
        session = self._by_uri.get(snapshot.uri)
        return session if session and session.version == snapshot.version else None

    def renew(self, snapshot: Snapshot, task_id: str | None = None) -> Session:
        """Forget what was known: `snapshot` is current now. A task once named stays named."""
        old = self._by_uri.get(snapshot.uri)
        named = task_id or (old.task_id if old else snapshot.task_id)
        session = self._by_uri[snapshot.uri] = Session(snapshot.version, named)
        return session

    def move(self, snapshot: Snapshot, state: State) -> bool:
        """Set the state; False, and nothing done, where the document has moved on."""
        if (session := self.get(snapshot)) is None:
            return False
        self._by_uri[snapshot.uri] = evolve(session, state=state)
        return True

    def show(self, snapshot: Snapshot, shown: EditorView) -> Session | None:
        """Show something that no event said; None where the document has moved on."""
        if (session := self.get(snapshot)) is None:
            return None
        self._by_uri[snapshot.uri] = session = evolve(session, view=shown)
        return session

    def add(self, snapshot: Snapshot, event: Event) -> Session | None:
        """Take one event about `snapshot`; None where the document has moved on."""
        if (session := self.get(snapshot)) is None:
            return None
        explanation = session.explanation.with_event(event)
        if explanation is not session.explanation:
            shown = view(snapshot, explanation)
            session = evolve(session, explanation=explanation, view=shown)
            self._by_uri[snapshot.uri] = session
        return session

    def close(self, snapshot: Snapshot) -> None:
        self._by_uri.pop(snapshot.uri, None)

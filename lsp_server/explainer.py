"""When which document is explained: the latest version wins.

The methods are called from the event loop by synchronous handlers, so the order of what a client
sends is the order of what happens here. What takes time is in `work`.
"""

from lsp_server.display import Display
from lsp_server.documents import Documents, Snapshot
from lsp_server.editor import Editor, EngineState
from lsp_server.requests import Wish, checking, pair_of
from lsp_server.rows import is_samples_file, samples_of
from lsp_server.session import Session, Sessions, State
from lsp_server.settings import Run, Settings
from lsp_server.work import Conditions, Trigger, Work


class Explainer:
    """Turns what happens in the editor into work."""

    def __init__(self, editor: Editor) -> None:
        self.documents = Documents()
        self.sessions = Sessions()
        self.conditions = Conditions()
        self.display = Display(editor, self.documents, self.sessions)
        self.work = Work(editor, self.sessions, self.display, self.conditions)
        self._editor = editor

    # What happens to documents

    def opened(self, snapshot: Snapshot) -> None:
        if self.sessions.renew(snapshot).task_id is not None:
            self.work.start(snapshot, Trigger.OPENED)
        elif samples_of(snapshot).problems:
            self.display.changed(snapshot)

    def edited(self, snapshot: Snapshot) -> None:
        """What was shown is about a text that is no more."""
        self.work.drop(snapshot)
        session = self.sessions.renew(snapshot)
        if session.task_id is not None:
            self.display.cleared(snapshot, "stale", session.task_id)
            self.work.start(snapshot, Trigger.EDITED)
        elif is_samples_file(snapshot.uri):
            self.sessions.forget_rows(snapshot)
            self.display.changed(snapshot)

    def saved(self, snapshot: Snapshot) -> None:
        session = self.sessions.get(snapshot)
        if session is None or session.task_id is None:
            return
        if session.state not in (State.RUNNING, State.DONE):
            self.work.start(snapshot, Trigger.SAVED)

    def closed(self, snapshot: Snapshot) -> None:
        self.work.drop(snapshot)
        session = self.sessions.get(snapshot)
        self.sessions.close(snapshot)
        if session is not None and (session.task_id or samples_of(snapshot).samples):
            self.display.cleared(snapshot, "cleared", session.task_id)

    # What the user asks for

    def explain(self, uri: str, task_id: str | None) -> Snapshot | None:
        """Explain an open document now; None, with a message, where that cannot be."""
        snapshot = self.open(uri)
        if snapshot is None:
            return None
        session = self.sessions.get(snapshot)
        if samples_of(snapshot).samples:
            self._editor.warn("This file holds many samples: ask about one of its lines.")
            return None
        if task_id is None and (session is None or session.task_id is None):
            self._editor.warn(
                "Which task does this file solve? Put it into a folder named after the task "
                '(HumanEval_65/0.py), or pass {"taskId": "HumanEval/65"} with the command.'
            )
            return None
        self._again(snapshot, task_id)
        return snapshot

    def explain_row(self, uri: str, line: int) -> Snapshot | None:
        """Explain one line of a samples file; None, with a message, where it is no sample."""
        if (row := self.row(uri, line)) is not None:
            self._again(row)
        return row

    def ask(self, snapshot: Snapshot, wish: Wish) -> None:
        """Ask something else about this version; what stays true stays shown."""
        self.work.drop(snapshot)
        self.sessions.wish(snapshot, wish)
        self.display.changed(snapshot)
        self.work.start(snapshot, Trigger.ASKED)

    def attribute(self, session: Session, position: int, contrast: int) -> bool:
        """Explain another choice; False, with a message, where the model had no such choice."""
        pair = pair_of(session.explanation, position, contrast)
        if pair is None:
            self._editor.warn("The model's likeliest tokens there do not include this one.")
            return False
        self.ask(session.snapshot, Wish(pair))
        return True

    def search_longer(self, session: Session) -> None:
        self.ask(session.snapshot, session.wish.longer(session.explanation))

    def check(self, session: Session) -> bool:
        """Measure whether the map can be trusted; False, with a message, without a map."""
        if session.explanation.attribution is None:
            self._editor.warn("There is no map to check yet.")
            return False
        self.ask(session.snapshot, checking(session.explanation, session.wish))
        return True

    def open(self, uri: str) -> Snapshot | None:
        """The latest version of a document; None, with a message, where it is not open."""
        if (snapshot := self.documents.get(uri)) is None:
            self._editor.warn(f"Open {uri} before asking for its explanation.")
        return snapshot

    def row(self, uri: str, line: int) -> Snapshot | None:
        """A line of a samples file; None, with a message, where it is no sample."""
        snapshot = self.open(uri)
        row = samples_of(snapshot).at(line) if snapshot else None
        if snapshot is not None and row is None:
            self._editor.warn(f"Line {line + 1} of {uri} is no sample.")
        return row

    # What changes at run time

    def trust(self, trusted: bool) -> None:
        """The client's workspace trust was given or withdrawn."""
        self.conditions.client_trust = trusted
        self._trust_changed()

    def settle(self) -> None:
        """Settings are known, or will not come: work may begin."""
        if not self.conditions.settled.is_set():
            self.conditions.settled.set()
            # Before anything that waits for this can say something else.
            self._editor.status(EngineState.READY, "Ready.")

    def apply(self, settings: Settings) -> None:
        """Settings take effect: what they would change is explained again."""
        old, self.conditions.settings = self.conditions.settings, settings
        self.settle()
        if self.sessions.apply(settings.thresholds):
            self.display.all_changed()
        if (settings.semantic_tokens, settings.hints) != (old.semantic_tokens, old.hints):
            self.display.state_changed()
        opened = settings.run >= Run.OPEN > old.run
        for session in self.sessions.samples():
            snapshot = session.snapshot
            if session.state is not State.IDLE and not settings.same_results(old):
                self._outdated(snapshot)
            elif opened and self._waits(session):
                self.work.start(snapshot, Trigger.OPENED)
        if settings.trusted is not old.trusted and self.conditions.client_trust is None:
            self._trust_changed()

    async def close(self) -> None:
        await self.work.close()

    def _waits(self, session: Session) -> bool:
        """Whether it would have been explained on opening, had the settings said so then."""
        snapshot = session.snapshot
        idle = session.state is State.IDLE and snapshot.row is None
        return idle and not self.work.running(snapshot)

    def _outdated(self, snapshot: Snapshot) -> None:
        """Other settings would give other results; rows wait to be asked for again."""
        if snapshot.row is None:
            self._again(snapshot)
        else:
            self.work.drop(snapshot)
            self.sessions.renew(snapshot)
            self.display.changed(snapshot)

    def _again(self, snapshot: Snapshot, task_id: str | None = None) -> None:
        self.work.drop(snapshot)
        session = self.sessions.renew(snapshot, task_id)
        self.display.cleared(snapshot, "stale", session.task_id)
        self.work.start(snapshot, Trigger.ASKED)

    def _trust_changed(self) -> None:
        for session in self.sessions.samples():
            if self.conditions.trusted and session.state is State.REFUSED:
                self.work.start(session.snapshot, Trigger.ASKED)
            elif not self.conditions.trusted and session.state is State.RUNNING:
                self.work.drop(session.snapshot)
                self.work.refuse(session.snapshot)

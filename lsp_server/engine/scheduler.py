"""When which document is explained: the latest version wins.

The methods are called from the event loop by synchronous handlers, so the order of what a client
sends is the order of what happens here. What takes time is in `work`.
"""

from attribution.schema import doctest_id, task_id_problem
from lsp_server.documents.prompts import Link, Prompts
from lsp_server.documents.store import Documents, Snapshot
from lsp_server.documents.tasks import functions_with_examples
from lsp_server.engine.jobs import Conditions, Trigger, Work
from lsp_server.features.publish import Display
from lsp_server.protocol.client import Editor, EngineState
from lsp_server.state.requests import Wish, checking, pair_of
from lsp_server.state.samples_file import is_samples_file, samples_of
from lsp_server.state.session import Session, Sessions, State
from lsp_server.state.settings import Run, Settings


class Explainer:
    """Turns what happens in the editor into work."""

    def __init__(self, editor: Editor) -> None:
        self.documents = Documents()
        self.sessions = Sessions()
        self.conditions = Conditions()
        self.prompts = Prompts(self.documents)
        self.display = Display(editor, self.documents, self.sessions, self.prompts)
        self.work = Work(editor, self.sessions, self.display, self.conditions)
        self._editor = editor

    # What happens to documents

    def opened(self, snapshot: Snapshot) -> None:
        if (link := self.prompts.opened(snapshot)) is not None:
            self._read_prompt(link, link.edited(snapshot.text))
        elif self.sessions.renew(snapshot).task_id is not None:
            self.work.start(snapshot, Trigger.OPENED)
        elif samples_of(snapshot).problems:
            self.display.changed(snapshot)

    def edited(self, snapshot: Snapshot) -> None:
        """What was shown is about a text that is no more."""
        if (link := self.prompts.edited(snapshot)) is not None:
            self._read_prompt(link, link.edited(snapshot.text))
            return
        self.work.drop(snapshot)
        session = self.sessions.renew(snapshot)
        if session.task_id is not None:
            self.display.cleared(snapshot, "stale", session.task_id)
            self.work.start(snapshot, Trigger.EDITED)
        elif is_samples_file(snapshot.uri):
            self.sessions.forget_rows(snapshot)
            self.display.changed(snapshot)

    def _read_prompt(self, link: Link, prompt: str | None) -> None:
        """Read a sample as the answer to this prompt (None: its own)."""
        old, new = self.documents.get(link.code), self.documents.set_prompt(link.code, prompt)
        if old is None or new is None:
            return
        if old.prompt != new.prompt:
            self.edited(new)
        elif (session := self.sessions.get(new)) is not None and session.explanation.verdict:
            self.display.changed(new)  # the prompt document has just been opened or closed

    def saved(self, snapshot: Snapshot) -> None:
        if (link := self.prompts.link(snapshot.uri)) is not None:
            if (code := self.documents.get(link.code)) is not None:
                self.saved(code)
            return
        session = self.sessions.get(snapshot)
        if session is None or session.task_id is None:
            return
        if session.state not in (State.RUNNING, State.DONE) and not self.work.asked(snapshot):
            self.work.start(snapshot, Trigger.SAVED)

    def closed(self, snapshot: Snapshot) -> None:
        if (link := self.prompts.closed(snapshot)) is not None:
            self.display.cleared(snapshot, "cleared", None)
            self._read_prompt(link, self.prompts.in_force(link.code))
            return
        self.work.drop(snapshot)
        session = self.sessions.get(snapshot)
        self.sessions.close(snapshot)
        if session is not None and (session.task_id or samples_of(snapshot)):
            self.display.cleared(snapshot, "cleared", session.task_id)

    # What the user asks for

    def explain(self, uri: str, task_id: str | None) -> Snapshot | None:
        """Explain an open document now; None, with a message, where that cannot be."""
        snapshot = self.open(uri)
        if snapshot is None:
            return None
        session = self.sessions.get(snapshot)
        if samples_of(snapshot):
            self._editor.warn("This file holds many samples: ask about one of its lines.")
            return None
        if task_id is None and (session is None or session.task_id is None):
            own = functions_with_examples(snapshot)
            task_id = doctest_id(own[0].name) if own else ""
        if task_id is not None and (problem := _not_a_task(task_id)) is not None:
            self._editor.warn(problem)
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
        if settings.for_model != old.for_model:  # a prompt in the words of another's template
            self.prompts.leave()
            self.documents.forget_prompts()
        if settings.idle != old.idle:
            self.work.keep_engine(settings.idle)
        opened = settings.run >= Run.OPEN > old.run
        for session in self.sessions.samples():
            snapshot = self.documents.get(session.snapshot.uri) or session.snapshot  # or a row
            if session.state is not State.IDLE and not settings.same_results(old):
                self._outdated(snapshot)
            elif snapshot.prompt != session.snapshot.prompt:
                self.edited(snapshot)
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
            self._again(snapshot, compare=False)
        else:
            self.work.drop(snapshot)
            self.sessions.renew(snapshot)
            self.display.changed(snapshot)

    def _again(
        self, snapshot: Snapshot, task_id: str | None = None, *, compare: bool = True
    ) -> None:
        self.work.drop(snapshot)
        session = self.sessions.renew(snapshot, task_id, compare=compare)
        self.display.cleared(snapshot, "stale", session.task_id)
        self.work.start(snapshot, Trigger.ASKED)

    def _trust_changed(self) -> None:
        for session in self.sessions.samples():
            if self.conditions.trusted and session.state is State.REFUSED:
                self.work.start(session.snapshot, Trigger.ASKED)
            elif not self.conditions.trusted and session.state is State.RUNNING:
                self.work.drop(session.snapshot)
                self.work.refuse(session.snapshot)


def _not_a_task(task_id: str) -> str | None:
    """What to tell the user; None for what can be the id of a task."""
    if task_id:
        return task_id_problem(task_id)
    return (
        "Which task does this file solve? Put it into a folder named after the task "
        '(HumanEval_65/0.py), name it ({"taskId": "HumanEval/65"} with the command), or give a '
        "function a docstring with examples (`>>> f(1)`)."
    )

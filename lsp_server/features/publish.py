"""What the client is told when something becomes known, and what it gets when it asks."""

from collections.abc import Sequence

from lsp_server.documents.prompts import Prompts
from lsp_server.documents.store import Documents, Place, Snapshot
from lsp_server.features.prompt_view import prompt_findings
from lsp_server.features.relevance import nothing_relevant, to_relevance
from lsp_server.features.to_lsp import to_diagnostics
from lsp_server.protocol.client import Editor
from lsp_server.state.samples_file import samples_of
from lsp_server.state.session import Session, Sessions
from lsp_server.state.views import Finding


class Display:
    """Shows what the sessions say about the documents that are open."""

    def __init__(
        self, editor: Editor, documents: Documents, sessions: Sessions, prompts: Prompts
    ) -> None:
        self._editor = editor
        self._documents = documents
        self._sessions = sessions
        self._prompts = prompts

    def findings(self, document: Snapshot) -> Sequence[Finding]:
        """All diagnostics of one version of a document."""
        if self._prompts.link(document.uri) is not None:
            return prompt_findings(document, self.answer(document), self._sessions.thresholds)
        session = self._sessions.get(document)
        own = session.view.findings if session else ()
        rows = [one for row in self._sessions.rows(document) for one in row.view.findings]
        return [*own, *samples_of(document).problems, *rows]

    def answer(self, prompt: Snapshot) -> Session | None:
        """What is known about the code that was read as the answer to a prompt document."""
        link = self._prompts.link(prompt.uri)
        code = self._documents.get(link.code) if link else None
        if link is None or code is None or code.prompt != link.edited(prompt.text):
            return None
        return self._sessions.get(code)

    def other(self, document: Snapshot) -> Place | None:
        """The code of a prompt document, or the prompt of a sample where it is apart."""
        if (link := self._prompts.link(document.uri)) is not None:
            code = self._documents.get(link.code)
            return Place(code.uri, code.lines) if code else None
        session = self._sessions.get(document)
        return self._prompts.place(document, session.explanation.generation) if session else None

    def changed(self, snapshot: Snapshot) -> None:
        """Something became known about a document or a row of it: show it in place of the old."""
        document = self._documents.get(snapshot.document)
        if document is None or document.version != snapshot.version:
            return
        self._publish_with_prompt(document)
        session = self._sessions.get(snapshot)
        if session is not None and session.task_id is not None and snapshot.row is None:
            place = self._prompts.place(snapshot, session.explanation.generation)
            self._editor.relevance(
                to_relevance(snapshot, session.view, session.explanation, session.task_id, place)
            )
        self._editor.refresh()

    def noted(self, snapshot: Snapshot) -> None:
        """Something became known that colours nothing."""
        document = self._documents.get(snapshot.document)
        if document is not None and document.version == snapshot.version:
            self._publish_with_prompt(document)
            self._editor.refresh()

    def all_changed(self) -> None:
        for document in self._documents:
            if self.findings(document):
                self.changed(document)

    def state_changed(self) -> None:
        """What the client draws of its own accord may look different."""
        self._editor.refresh()

    def cleared(self, snapshot: Snapshot, state: str, task_id: str | None) -> None:
        """Nothing is known any more; `state` is "stale" or "cleared"."""
        document = self._documents.get(snapshot.document)
        self._publish_with_prompt(document or snapshot, None if document else ())
        if snapshot.row is None and task_id is not None:
            self._editor.relevance(nothing_relevant(snapshot, state, task_id))

    def _publish_with_prompt(
        self, document: Snapshot, findings: Sequence[Finding] | None = None
    ) -> None:
        self._publish(document, findings)
        if (prompt := self._prompts.document(document.uri)) is not None:
            self._publish(prompt)

    def _publish(self, document: Snapshot, findings: Sequence[Finding] | None = None) -> None:
        """`findings`: None for all that there are."""
        related = self._editor.supports("text_document.publish_diagnostics.related_information")
        shown = self.findings(document) if findings is None else findings
        other = self.other(document) if related else None
        self._editor.publish(to_diagnostics(document, shown, related=related, other=other))

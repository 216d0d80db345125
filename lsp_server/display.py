"""What the client is told when something becomes known, and what it gets when it asks."""

from collections.abc import Sequence

from lsp_server.documents import Documents, Snapshot
from lsp_server.editor import Editor
from lsp_server.relevance import nothing_relevant, to_relevance
from lsp_server.rows import samples_of
from lsp_server.session import Sessions
from lsp_server.to_lsp import to_diagnostics
from lsp_server.views import Finding


class Display:
    """Shows what the sessions say about the documents that are open."""

    def __init__(self, editor: Editor, documents: Documents, sessions: Sessions) -> None:
        self._editor = editor
        self._documents = documents
        self._sessions = sessions

    def findings(self, document: Snapshot) -> Sequence[Finding]:
        """All diagnostics of one version of a document."""
        session = self._sessions.get(document)
        own = session.view.findings if session else ()
        rows = [one for row in self._sessions.rows(document) for one in row.view.findings]
        return [*own, *samples_of(document).problems, *rows]

    def changed(self, snapshot: Snapshot) -> None:
        """Something became known about a document or a row of it: show it in place of the old."""
        document = self._documents.get(snapshot.document)
        if document is None or document.version != snapshot.version:
            return
        self._publish(document, self.findings(document))
        session = self._sessions.get(snapshot)
        if session is not None and session.task_id is not None and snapshot.row is None:
            self._editor.relevance(
                to_relevance(snapshot, session.view, session.explanation, session.task_id)
            )
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
        if document is None:
            self._publish(snapshot, ())
        else:
            self._publish(document, self.findings(document))
        if snapshot.row is None and task_id is not None:
            self._editor.relevance(nothing_relevant(snapshot, state, task_id))

    def _publish(self, document: Snapshot, findings: Sequence[Finding]) -> None:
        related = self._editor.supports("text_document.publish_diagnostics.related_information")
        self._editor.publish(to_diagnostics(document, findings, related=related))

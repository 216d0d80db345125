"""What the client is told when something becomes known, and what it gets when it asks."""

from collections.abc import Sequence

from lsp_server.documents.samples_file import samples_of
from lsp_server.documents.snapshot import RelatedDocument, Snapshot
from lsp_server.features.prompt_document import prompt_diagnostics
from lsp_server.features.relevance import nothing_relevant, to_relevance
from lsp_server.features.to_lsp import to_diagnostics
from lsp_server.protocol.client import Editor
from lsp_server.protocol.messages import RelevanceState
from lsp_server.state.editor_view import Diagnostic, broken_line_diagnostics
from lsp_server.state.server_state import ServerState
from lsp_server.state.session import Session


class Publisher:
    """Publishes what the sessions say about the documents that are open."""

    def __init__(self, editor: Editor, state: ServerState) -> None:
        self._editor = editor
        self._documents = state.documents
        self._prompts = state.prompts
        self._sessions = state.sessions

    # What the client gets when it asks

    def diagnostics(self, document: Snapshot) -> Sequence[Diagnostic]:
        """All diagnostics of one version of a document."""
        if self._prompts.link(document.uri) is not None:
            session = self.session_for_prompt(document)
            return prompt_diagnostics(document, session, self._sessions.thresholds)
        session = self._sessions.get(document)
        own = session.view.diagnostics if session else ()
        broken = broken_line_diagnostics(samples_of(document))
        lines = [d for line in self._sessions.of_lines(document) for d in line.view.diagnostics]
        return [*own, *broken, *lines]

    def session_for_prompt(self, prompt: Snapshot) -> Session | None:
        """What is known about the code that was read as the answer to a prompt document."""
        link = self._prompts.link(prompt.uri)
        code = self._documents.get(link.code) if link else None
        if link is None or code is None or code.prompt != link.edited(prompt.text):
            return None
        return self._sessions.get(code)

    def related_document(self, document: Snapshot) -> RelatedDocument | None:
        """The code of a prompt document, or the prompt document of a sample."""
        if (link := self._prompts.link(document.uri)) is not None:
            code = self._documents.get(link.code)
            return RelatedDocument(code.uri, code.lines) if code else None
        session = self._sessions.get(document)
        if session is None:
            return None
        return self._prompts.related_document(document, session.explanation.generation)

    # What the client is told

    def publish(self, snapshot: Snapshot) -> None:
        """Something became known about a document or a line of it: show it in place of the old."""
        document = self._documents.get(snapshot.document)
        if document is None or document.version != snapshot.version:
            return
        self._publish_with_prompt(document)
        session = self._sessions.get(snapshot)
        if session is not None and session.task_id is not None and snapshot.sample_line is None:
            prompt = self._prompts.related_document(snapshot, session.explanation.generation)
            self._editor.relevance(
                to_relevance(snapshot, session.view, session.explanation, session.task_id, prompt)
            )
        self._editor.refresh()

    def publish_diagnostics(self, snapshot: Snapshot) -> None:
        """Something became known that leaves the heat map as it is."""
        document = self._documents.get(snapshot.document)
        if document is not None and document.version == snapshot.version:
            self._publish_with_prompt(document)
            self._editor.refresh()

    def publish_all(self) -> None:
        for document in self._documents:
            if self.diagnostics(document):
                self.publish(document)

    def refresh(self) -> None:
        """What the client draws of its own accord may look different."""
        self._editor.refresh()

    def clear(self, snapshot: Snapshot, state: RelevanceState, task_id: str | None) -> None:
        """Nothing is known any more."""
        document = self._documents.get(snapshot.document)
        self._publish_with_prompt(document or snapshot, None if document else ())
        if snapshot.sample_line is None and task_id is not None:
            self._editor.relevance(nothing_relevant(snapshot, state, task_id))

    def _publish_with_prompt(
        self, document: Snapshot, diagnostics: Sequence[Diagnostic] | None = None
    ) -> None:
        self._publish(document, diagnostics)
        if (prompt := self._prompts.document(document.uri)) is not None:
            self._publish(prompt)

    def _publish(self, document: Snapshot, diagnostics: Sequence[Diagnostic] | None = None) -> None:
        """`diagnostics`: None for all that there are."""
        with_related = self._editor.supports(
            "text_document.publish_diagnostics.related_information"
        )
        shown = self.diagnostics(document) if diagnostics is None else diagnostics
        other = self.related_document(document) if with_related else None
        self._editor.publish(
            to_diagnostics(document, shown, with_related=with_related, other=other)
        )

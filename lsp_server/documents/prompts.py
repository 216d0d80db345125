"""The prompt of a sample as a document of its own (chat form), linked with the code both ways.

It is a file, so that every client can open and edit it. While it is open and says something else
than what the model saw, the code is read as the answer to what it says.
"""

from collections.abc import Iterator
from urllib.parse import unquote

from attrs import frozen

from attribution.errors import TokenBlameError
from attribution.schema import Form, Generation
from lsp_server.documents.cache import prompt_file, prompt_link
from lsp_server.documents.snapshot import RelatedDocument, Snapshot
from lsp_server.documents.store import Documents
from lsp_server.protocol.positions import LineIndex


@frozen
class PromptLink:
    """What a prompt document belongs to."""

    code: str  # uri of the sample
    original: str  # the prompt as the model saw it

    def edited(self, text: str) -> str | None:
        """The prompt to be read instead of the model's own, None where it is that."""
        return None if text == self.original else text


class PromptDocuments:
    """The open prompt documents, and the files of those that can be opened."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._links: dict[str, PromptLink] = {}  # by the uri of the prompt document
        self._set_aside: set[str] = set()  # those that count again once they are edited
        self._files: dict[tuple[str, str], str | None] = {}  # code, prompt → prompt document

    def opened(self, document: Snapshot) -> PromptLink | None:
        """Note that a document was opened; None where it is no prompt document."""
        if (link := prompt_link(document.uri)) is None:
            return None
        self._set_aside.discard(unquote(document.uri))
        self._links[unquote(document.uri)] = PromptLink(*link)
        return self._links[unquote(document.uri)]

    def edited(self, document: Snapshot) -> PromptLink | None:
        """Note that a document was edited; None where it is no open prompt document."""
        self._set_aside.discard(unquote(document.uri))
        return self.link(document.uri)

    def closed(self, document: Snapshot) -> PromptLink | None:
        """Note that a document was closed; None where it was no prompt document."""
        return self._links.pop(unquote(document.uri), None)

    def link(self, uri: str) -> PromptLink | None:
        """The link of an open prompt document."""
        return self._links.get(unquote(uri))

    def set_aside(self) -> None:
        """Ignore what the open documents say: it is for a model that is no longer used."""
        self._set_aside.update(self._links)

    def edited_prompt(self, code: str) -> str | None:
        """The prompt to be read instead of the model's own, by the document opened last."""
        for document, link in self._open_for(code):
            if unquote(document.uri) not in self._set_aside:
                return link.edited(document.text)
        return None

    def document(self, code: str, prompt: str | None = None) -> Snapshot | None:
        """The prompt document that is open beside a sample, the one that was opened last.

        With `prompt`, only one that shows it or was made for it.
        """
        for document, link in self._open_for(code):
            if prompt is None or prompt in (document.text, link.original):
                return document
        return None

    def _open_for(self, code: str) -> Iterator[tuple[Snapshot, PromptLink]]:
        """The open prompt documents of a sample, the one that was opened last first."""
        for uri, link in reversed(self._links.items()):
            document = self._documents.get(uri)
            if document is not None and unquote(link.code) == unquote(code):
                yield document, link

    def related_document(
        self, code: Snapshot, generation: Generation | None
    ) -> RelatedDocument | None:
        """Where the prompt of an explained sample can be seen.

        None where it is the head of the code itself, and where it cannot be written.
        """
        if generation is None or generation.form is not Form.CHAT or code.sample_line is not None:
            return None
        if (document := self.document(code.uri, generation.prompt)) is not None:
            shown = document.text == generation.prompt
            return RelatedDocument(document.uri, document.lines) if shown else None
        uri = self._file(code.uri, generation.prompt)
        lines = LineIndex(generation.prompt, code.encoding)
        return None if uri is None else RelatedDocument(uri, lines)

    def _file(self, code: str, prompt: str) -> str | None:
        key = (code, prompt)
        if key not in self._files:
            try:
                self._files[key] = prompt_file(code, prompt).as_uri()
            except TokenBlameError:
                self._files[key] = None  # links are a convenience; commands say what is wrong
        return self._files[key]

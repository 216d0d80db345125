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
from lsp_server.documents.store import Documents, Place, Snapshot
from lsp_server.protocol.positions import LineIndex


@frozen
class Link:
    """What a prompt document belongs to."""

    code: str  # uri of the sample
    original: str  # the prompt as the model saw it

    def edited(self, text: str) -> str | None:
        """The prompt to be read instead of the model's own, None where it is that."""
        return None if text == self.original else text


class Prompts:
    """The prompt documents that are open, and where those are that are not."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._links: dict[str, Link] = {}  # by the uri of the prompt document
        self._left: set[str] = set()  # of these, what counts no more until it is edited again
        self._written: dict[tuple[str, str], str | None] = {}  # code, prompt → prompt document

    def opened(self, document: Snapshot) -> Link | None:
        """None for what is no prompt document."""
        if (found := prompt_link(document.uri)) is None:
            return None
        self._left.discard(unquote(document.uri))
        link = self._links[unquote(document.uri)] = Link(*found)
        return link

    def edited(self, document: Snapshot) -> Link | None:
        """None for what is no prompt document that is open."""
        self._left.discard(unquote(document.uri))
        return self.link(document.uri)

    def closed(self, document: Snapshot) -> Link | None:
        return self._links.pop(unquote(document.uri), None)

    def link(self, uri: str) -> Link | None:
        """Of an open prompt document."""
        return self._links.get(unquote(uri))

    def leave(self) -> None:
        """What the documents say is for a model that is no longer asked."""
        self._left.update(self._links)

    def in_force(self, code: str) -> str | None:
        """The prompt to be read instead of the model's own, by the document opened last."""
        for document, link in self._of(code):
            if unquote(document.uri) not in self._left:
                return link.edited(document.text)
        return None

    def document(self, code: str, prompt: str | None = None) -> Snapshot | None:
        """The prompt document that is open beside a sample, the one that was opened last.

        With `prompt`, only one that shows it or was made for it.
        """
        for document, link in self._of(code):
            if prompt is None or prompt in (document.text, link.original):
                return document
        return None

    def _of(self, code: str) -> Iterator[tuple[Snapshot, Link]]:
        """The open prompt documents of a sample, the one that was opened last first."""
        for uri, link in reversed(self._links.items()):
            document = self._documents.get(uri)
            if document is not None and unquote(link.code) == unquote(code):
                yield document, link

    def place(self, code: Snapshot, generation: Generation | None) -> Place | None:
        """Where the prompt of an explained sample can be seen.

        None where it is the head of the code itself, and where it cannot be written.
        """
        if generation is None or generation.form is not Form.CHAT or code.row is not None:
            return None
        if (document := self.document(code.uri, generation.prompt)) is not None:
            shown = document.text == generation.prompt
            return Place(document.uri, document.lines) if shown else None
        uri = self._file(code.uri, generation.prompt)
        return None if uri is None else Place(uri, LineIndex(generation.prompt, code.encoding))

    def _file(self, code: str, prompt: str) -> str | None:
        key = (code, prompt)
        if key not in self._written:
            try:
                self._written[key] = prompt_file(code, prompt).as_uri()
            except TokenBlameError:
                self._written[key] = None  # links are a convenience; commands say what is wrong
        return self._written[key]

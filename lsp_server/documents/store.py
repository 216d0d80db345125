"""The open documents, edited incrementally under our own line rules.

pygls keeps documents as live objects that split lines at form feeds, so its store is not used:
the three notifications that change a document come straight here.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from attrs import evolve
from lsprotocol.types import (
    TextDocumentContentChangeEvent,
    TextDocumentContentChangePartial,
)

from lsp_server.documents.snapshot import Snapshot
from lsp_server.protocol.positions import Encoding


class Documents:
    """The latest snapshot of every open document."""

    def __init__(self) -> None:
        self.encoding = Encoding.UTF16  # until the client has said what it prefers
        self._open: dict[str, Snapshot] = {}
        self._prompts: dict[str, str] = {}  # as edited, by the uri of the code

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(tuple(self._open.values()))

    def get(self, uri: str) -> Snapshot | None:
        """The latest version of an open document; clients differ in how they escape a uri."""
        return self._open.get(unquote(uri))

    def open(self, uri: str, version: int, text: str) -> Snapshot:
        snapshot = self._open[unquote(uri)] = Snapshot(
            uri, version, text, self.encoding, prompt=self._prompts.get(unquote(uri))
        )
        return snapshot

    def set_prompt(self, code: str, prompt: str | None) -> Snapshot | None:
        """Read `code` as the answer to an edited prompt, also when it is opened later.

        Returns the latest snapshot of the code from now on; None where it is not open.
        """
        if prompt is None:
            self._prompts.pop(unquote(code), None)
        else:
            self._prompts[unquote(code)] = prompt
        old = self.get(code)
        return old and self.open(old.uri, old.version, old.text)

    def forget_prompts(self) -> None:
        """Read every code as the answer to the model's own prompt again."""
        for code in tuple(self._prompts):
            self.set_prompt(code, None)

    def change(
        self, uri: str, version: int, changes: Sequence[TextDocumentContentChangeEvent]
    ) -> Snapshot | None:
        """Apply changes in order; None where the client never opened the document."""
        if (old := self.get(uri)) is None:
            return None
        new = old
        for change in changes:
            new = evolve(new, text=apply_change(new, change))
        return self.open(old.uri, version, new.text)

    def close(self, uri: str) -> Snapshot | None:
        return self._open.pop(unquote(uri), None)


def apply_change(old: Snapshot, change: TextDocumentContentChangeEvent) -> str:
    """The text after one change, which names positions in the text before."""
    if not isinstance(change, TextDocumentContentChangePartial):
        return change.text
    text, lines = old.text, old.lines
    start = lines.offset(change.range.start.line, change.range.start.character)
    end = lines.offset(change.range.end.line, change.range.end.character)
    return text[: min(start, end)] + change.text + text[max(start, end) :]

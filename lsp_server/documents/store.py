"""Open documents as immutable snapshots, edited incrementally under our own line rules.

pygls keeps documents as live objects that split lines at form feeds, so its store is not used:
the three notifications that change a document come straight here.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from urllib.parse import unquote

from attrs import evolve, field, frozen
from lsprotocol.types import (
    TextDocumentContentChangeEvent,
    TextDocumentContentChangePartial,
)
from pygls.uris import to_fs_path

from attribution.schema import task_id_from_path
from lsp_server.protocol.names import READ_ONLY
from lsp_server.protocol.positions import Encoding, LineIndex, Span


@frozen
class Row:
    """Where a sample lies whose text is part of another document: a line of `samples.jsonl`."""

    document: str  # uri
    line: int  # from 0
    span: Span  # what names the sample in that document
    task_id: str
    completion: bool  # the text lacks the task's prompt


@frozen(slots=False)
class Snapshot:
    """One version of one document; everything asynchronous works on such a value.

    A row of a samples file is one, too: its version is that of the file.
    """

    uri: str
    version: int
    text: str
    encoding: Encoding = field(default=Encoding.UTF16)
    row: Row | None = None
    prompt: str | None = None  # as edited in a document of its own; None: as the model saw it

    @property
    def document(self) -> str:
        """The uri of what the client has open."""
        return self.row.document if self.row else self.uri

    @cached_property
    def lines(self) -> LineIndex:
        return LineIndex(self.text, self.encoding)

    @property
    def path(self) -> str | None:
        """The file behind it; None where there is none (an untitled document, a row)."""
        return None if self.row else to_fs_path(self.uri)

    @property
    def editable(self) -> bool:
        """Whether its user can change the text: not where our extension shows a line of a file."""
        return not self.uri.startswith(f"{READ_ONLY}:")

    @property
    def half_character(self) -> int | None:
        """Offset of a lone surrogate, which JSON can carry and UTF-8 cannot."""
        found = re.search(r"[\ud800-\udfff]", self.text)
        return found.start() if found else None

    @property
    def task_id(self) -> str | None:
        """The EvalPlus task that its path or its row names."""
        return self.row.task_id if self.row else task_id_from_path(unquote(self.uri))


@frozen
class Place:
    """Another document that belongs to what is shown of one."""

    uri: str
    lines: LineIndex


def edited(old: Snapshot, change: TextDocumentContentChangeEvent) -> str:
    """The text after one change, which names positions in the text before."""
    if not isinstance(change, TextDocumentContentChangePartial):
        return change.text
    text, lines = old.text, old.lines
    start = lines.offset(change.range.start.line, change.range.start.character)
    end = lines.offset(change.range.end.line, change.range.end.character)
    return text[: min(start, end)] + change.text + text[max(start, end) :]


def shared_start(one: str, other: str) -> int:
    """Characters with which both begin.

    Asked with every keystroke: whole slices are compared, which is far faster than one by one.
    """
    most = min(len(one), len(other))
    return bisect_left(range(most), True, key=lambda at: one[: at + 1] != other[: at + 1])


def first_definition(text: str) -> int:
    """Offset of the first top-level function or class; the start of a text that has none."""
    found = re.search(r"^(?:async |)(?:def|class)\b", text, re.MULTILINE)
    return found.start() if found else 0


def line_of_definition(text: str, name: str) -> int | None:
    """Offset of `name` in its last top-level definition, the one that Python keeps."""
    found = None
    for match in re.finditer(rf"^(?:async )?def ({re.escape(name)})\b", text, re.MULTILINE):
        found = match.start(1)
    return found


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

        The latest snapshot of the code now; None where it is not open.
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
            new = evolve(new, text=edited(new, change))
        return self.open(old.uri, version, new.text)

    def close(self, uri: str) -> Snapshot | None:
        return self._open.pop(unquote(uri), None)

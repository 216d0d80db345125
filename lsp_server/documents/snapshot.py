"""One version of one document, as an immutable value."""

import re
from functools import cached_property
from urllib.parse import unquote

from attrs import field, frozen
from pygls.uris import to_fs_path

from attribution.schema import task_id_from_path
from lsp_server.protocol.names import READ_ONLY
from lsp_server.protocol.positions import Encoding, LineIndex, Span


@frozen
class SampleLine:
    """Where a sample stands that is a line of another document, a `samples.jsonl`."""

    document: str  # uri
    number: int  # from 0
    span: Span  # what names the sample in that document
    task_id: str
    completion: bool  # the text lacks the task's prompt


@frozen(slots=False)
class Snapshot:
    """One version of one document; everything asynchronous works on such a value.

    A line of a samples file is one, too: its version is that of the file.
    """

    uri: str
    version: int
    text: str
    encoding: Encoding = field(default=Encoding.UTF16)
    sample_line: SampleLine | None = None
    prompt: str | None = None  # as edited in a document of its own; None: as the model saw it

    @property
    def document(self) -> str:
        """The uri of what the client has open."""
        return self.sample_line.document if self.sample_line else self.uri

    @cached_property
    def lines(self) -> LineIndex:
        return LineIndex(self.text, self.encoding)

    @property
    def path(self) -> str | None:
        """The file behind it; None for an untitled document and for a line of a samples file."""
        return None if self.sample_line else to_fs_path(self.uri)

    @property
    def editable(self) -> bool:
        """Whether its user can change the text: not where our extension shows a line of a file."""
        return not self.uri.startswith(f"{READ_ONLY}:")

    @property
    def lone_surrogate(self) -> int | None:
        """Offset of half a character, which JSON can carry and UTF-8 cannot."""
        match = re.search(r"[\ud800-\udfff]", self.text)
        return match.start() if match else None

    @property
    def task_id(self) -> str | None:
        """The EvalPlus task that its path or its line names."""
        return (
            self.sample_line.task_id if self.sample_line else task_id_from_path(unquote(self.uri))
        )


@frozen
class RelatedDocument:
    """The code of a prompt document, or the prompt document of a sample."""

    uri: str
    lines: LineIndex

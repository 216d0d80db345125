"""`samples.jsonl`: every line of it that is a sample, as EvalPlus reads it."""

import json
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from attrs import frozen

from attribution.schema.sample_lines import Program, program_of, read_line
from lsp_server.documents.snapshot import SampleLine, Snapshot
from lsp_server.protocol.positions import Span

_SUFFIX = ".jsonl"


@frozen
class _Content:
    """What a line says, wherever it stands."""

    task_id: str
    program: Program
    name: Span  # of the task, in the line


class _Line(NamedTuple):  # of the kinds of value the quickest to make
    """A line that is a sample, and where it stands."""

    number: int  # from 0
    start: int  # offset in the document
    content: _Content

    @property
    def name(self) -> Span:
        """The task's, in the document."""
        return Span(self.start + self.content.name.start, self.start + self.content.name.end)


@frozen
class BrokenLine:
    """A line that is no sample, and why."""

    span: Span
    message: str


@frozen(slots=False)
class SamplesFile:
    """The samples of one version, and the lines that are none.

    Made anew with every keystroke: the samples themselves, of which there may be thousands, are
    made of their lines once they are asked for.
    """

    document: Snapshot
    broken: tuple[BrokenLine, ...] = ()
    _lines: tuple[_Line, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is a sample in it."""
        return bool(self._lines)

    def __iter__(self) -> Iterator[Snapshot]:
        """The samples, each with its line."""
        return map(self._sample, self._lines)

    @property
    def names(self) -> Iterator[tuple[int, Span]]:
        """Of each sample: the number of its line, and where its task is named."""
        return ((line.number, line.name) for line in self._lines)

    def at(self, number: int) -> Snapshot | None:
        """The sample on a line; None where that line is none."""
        line = self._by_number.get(number)
        return None if line is None else self._sample(line)

    @cached_property
    def _by_number(self) -> dict[int, _Line]:
        return {line.number: line for line in self._lines}

    def _sample(self, line: _Line) -> Snapshot:
        content, document = line.content, self.document
        completion = content.program.completion
        where = SampleLine(document.uri, line.number, line.name, content.task_id, completion)
        uri = f"{document.uri}#L{line.number + 1}"
        return Snapshot(uri, document.version, content.program.text, sample_line=where)


def is_samples_file(uri: str) -> bool:
    return unquote(uri).endswith(_SUFFIX)


@lru_cache(maxsize=16)  # a client asks several things about one version
def samples_of(snapshot: Snapshot) -> SamplesFile:
    """The samples of a document; none of other JSON Lines, which are left alone."""
    empty = SamplesFile(snapshot)
    if not is_samples_file(snapshot.uri) or snapshot.sample_line is not None:
        return empty
    if '"task_id"' not in snapshot.text:  # not parsed anew with every keystroke
        return empty
    lines, broken = [], []
    for number, span in enumerate(snapshot.lines.spans()):
        content = _content(snapshot.text[span.start : span.end])
        if isinstance(content, str):
            broken.append(BrokenLine(span, content))
        elif content is not None:
            lines.append(_Line(number, span.start, content))
    return SamplesFile(snapshot, tuple(broken), tuple(lines)) if lines else empty


@lru_cache(maxsize=1 << 14)  # with a keystroke one line changes, of hundreds
def _content(text: str) -> _Content | str | None:
    """What a line says, or why it is no sample; None for an empty one."""
    if not text.strip():
        return None
    try:
        fields = read_line(text)
        if not isinstance(task_id := fields.get("task_id"), str):
            raise ValueError('has no "task_id"')
        return _Content(task_id, program_of(fields), _name(text, task_id))
    except ValueError as error:
        return f"This line {error}."


def _name(text: str, task_id: str) -> Span:
    """The task id where it is written in the line; a line of a sample is too long to underline."""
    literal = json.dumps(task_id)
    start = text.find(literal)
    return Span(0, len(text)) if start < 0 else Span(start + 1, start + len(literal) - 1)

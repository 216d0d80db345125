"""`samples.jsonl`: every line of it that is a sample, as EvalPlus reads it."""

import json
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

from attrs import frozen

from lsp_server.documents.store import Row, Snapshot
from lsp_server.protocol.positions import Span
from lsp_server.state import wording
from lsp_server.state.explanation import Explanation
from lsp_server.state.settings import Thresholds
from lsp_server.state.views import EditorView, Finding, Severity

_SUFFIX = ".jsonl"
_PROGRAMS = ("solution", "completion")  # keys, in the order in which EvalPlus looks for them


@frozen
class _Fields:
    """What a line says, wherever it stands."""

    task_id: str
    program: str
    completion: bool  # the program lacks the task's prompt
    name: Span  # of the task, in the line


class _Line(NamedTuple):  # of the kinds of value the quickest to make
    """A line that is a sample, and where it stands."""

    number: int  # from 0
    start: int  # offset in the document
    fields: _Fields

    @property
    def name(self) -> Span:
        """The task's, in the document."""
        return Span(self.start + self.fields.name.start, self.start + self.fields.name.end)


@frozen(slots=False)
class SamplesFile:
    """The samples of one version, and what keeps other lines from being some.

    Found anew with every keystroke: the samples themselves, of which there may be thousands, are
    made of their lines once they are asked for.
    """

    document: Snapshot
    problems: tuple[Finding, ...] = ()
    _lines: tuple[_Line, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is a sample in it."""
        return bool(self._lines)

    def __iter__(self) -> Iterator[Snapshot]:
        """The samples, each with its row."""
        return map(self._sample, self._lines)

    @property
    def places(self) -> Iterator[tuple[int, Span]]:
        """Of each sample: its line, and what names it."""
        return ((line.number, line.name) for line in self._lines)

    def at(self, line: int) -> Snapshot | None:
        found = self._by_number.get(line)
        return None if found is None else self._sample(found)

    @cached_property
    def _by_number(self) -> dict[int, _Line]:
        return {line.number: line for line in self._lines}

    def _sample(self, line: _Line) -> Snapshot:
        fields, document = line.fields, self.document
        row = Row(document.uri, line.number, line.name, fields.task_id, fields.completion)
        uri = f"{document.uri}#L{line.number + 1}"
        return Snapshot(uri, document.version, fields.program, row=row)


def is_samples_file(uri: str) -> bool:
    return unquote(uri).endswith(_SUFFIX)


@lru_cache(maxsize=16)  # a client asks several things about one version
def samples_of(snapshot: Snapshot) -> SamplesFile:
    """Empty for what is no samples file: other JSON Lines are none of our business."""
    empty = SamplesFile(snapshot)
    if not is_samples_file(snapshot.uri) or snapshot.row is not None:
        return empty
    if '"task_id"' not in snapshot.text:  # not parsed anew with every keystroke
        return empty
    lines, problems = [], []
    for number, span in enumerate(snapshot.lines.spans()):
        fields = _fields(snapshot.text[span.start : span.end])
        if isinstance(fields, str):
            problems.append(Finding(span, fields, "no-sample", Severity.WARNING))
        elif fields is not None:
            lines.append(_Line(number, span.start, fields))
    return SamplesFile(snapshot, tuple(problems), tuple(lines)) if lines else empty


@lru_cache(maxsize=1 << 14)  # with a keystroke one line changes, of hundreds
def _fields(text: str) -> _Fields | str | None:
    """What a line says, or why it is no sample; None for one that says nothing."""
    try:
        return _parsed(text) if text.strip() else None
    except ValueError as error:
        return f"{error}."


def _parsed(text: str) -> _Fields:
    """ValueError says why a line is no sample."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"This line is no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise ValueError("This line is no JSON object")
    if not isinstance(task_id := fields.get("task_id"), str):
        raise ValueError('This line has no "task_id"')
    key = next((key for key in _PROGRAMS if isinstance(fields.get(key), str)), None)
    if key is None:
        raise ValueError('This line has neither "solution" nor "completion"')
    return _Fields(task_id, fields[key], key == "completion", _name(text, task_id))


def _name(text: str, task_id: str) -> Span:
    """The task id where it is written in the line; a line of a sample is too long to underline."""
    literal: Any = json.dumps(task_id)
    found = text.find(literal)
    return Span(0, len(text)) if found < 0 else Span(found + 1, found + len(literal) - 1)


def row_view(snapshot: Snapshot, explanation: Explanation, thresholds: Thresholds) -> EditorView:
    """What is shown of a row, at its name: its tokens are not to be seen in the samples file."""
    verdict, pair = explanation.verdict, explanation.pair
    if verdict is None or verdict.passed or snapshot.row is None:
        return EditorView()
    more = explanation.report.message if explanation.report else ""
    if pair is not None:
        more = wording.choice(pair, weak=pair.logit_diff < thresholds.weak, place="")
    message = f"{snapshot.row.task_id}: {wording.finding(verdict, more)}"
    return EditorView((Finding(snapshot.row.span, message, "fails"),))

"""From an explanation to what an editor shows of it, in code-point offsets."""

import re
from collections.abc import Iterator
from enum import Enum, auto

from attrs import frozen

from attribution.schema import ContrastPair, Document, Generation, SearchReport, Verdict
from lsp_server.documents.outline import last_definition_of
from lsp_server.documents.samples_file import SamplesFile
from lsp_server.documents.snapshot import Snapshot
from lsp_server.protocol.positions import Span
from lsp_server.state import wording
from lsp_server.state.explanation import Explanation
from lsp_server.state.heat_map import HeatMap, heat_map_of
from lsp_server.state.settings import Thresholds
from lsp_server.state.tokens import text_of, token_span

_DEFAULT = Thresholds()
_NAME_OF_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*\(")


class Severity(Enum):
    ERROR = auto()
    WARNING = auto()
    INFORMATION = auto()


@frozen
class RelatedInformation:
    """Another place that belongs to a diagnostic."""

    span: Span
    message: str
    in_related_document: bool = False  # the prompt of the code, or the code of the prompt


@frozen
class Diagnostic:
    span: Span
    message: str
    code: str  # stable, for filters in the editor
    severity: Severity = Severity.ERROR
    related: tuple[RelatedInformation, ...] = ()


@frozen
class EditorView:
    """What an editor shows of one version of one document."""

    diagnostics: tuple[Diagnostic, ...] = ()
    heat_map: HeatMap | None = None
    pair_span: Span | None = None
    weak: bool = False  # the model nearly chose the other token


def view_of(
    snapshot: Snapshot, explanation: Explanation, thresholds: Thresholds = _DEFAULT
) -> EditorView:
    """Everything to be shown of what is known so far."""
    if snapshot.sample_line is not None:
        return _sample_line_view(snapshot, explanation, thresholds)
    verdict, pair, generation = explanation.verdict, explanation.pair, explanation.generation
    if verdict is None or verdict.passed:
        return EditorView()
    if pair is None or generation is None:
        return EditorView((_without_pair(snapshot, verdict, explanation.search),))
    heat_map = heat_map_of(explanation)
    span = token_span(generation, pair.position)
    weak = pair.is_weak(thresholds.weak)
    diagnostic = Diagnostic(
        span=span,
        message=wording.describe_failure(verdict, wording.describe_pair(pair, weak=weak)),
        code="fails",
        related=tuple(_strongest(generation, heat_map, pair, thresholds)) if heat_map else (),
    )
    return EditorView((diagnostic,), heat_map, span, weak)


def untrusted_view(snapshot: Snapshot) -> EditorView:
    """Why nothing is run, and what to do about it."""
    line = snapshot.sample_line
    return EditorView(
        (
            Diagnostic(
                span=line.span if line else snapshot.lines.span(0),
                message="Not explained: this workspace is not trusted, so its code is not run. "
                "Trust the workspace, or set `tokenblame.trusted` where the editor knows no "
                "workspace trust.",
                code="untrusted",
                severity=Severity.INFORMATION,
            ),
        )
    )


def broken_line_diagnostics(samples: SamplesFile) -> list[Diagnostic]:
    """Why lines of a samples file are no samples."""
    return [
        Diagnostic(line.span, line.message, "no-sample", Severity.WARNING)
        for line in samples.broken
    ]


def _sample_line_view(
    snapshot: Snapshot, explanation: Explanation, thresholds: Thresholds
) -> EditorView:
    """What is shown at the name of a sample: its tokens are not to be seen in a samples file."""
    verdict, pair, line = explanation.verdict, explanation.pair, snapshot.sample_line
    if verdict is None or verdict.passed or line is None:
        return EditorView()
    cause = explanation.search.message if explanation.search else ""
    if pair is not None:
        cause = wording.describe_pair(pair, weak=pair.is_weak(thresholds.weak), where="")
    message = f"{line.task_id}: {wording.describe_failure(verdict, cause)}"
    return EditorView((Diagnostic(line.span, message, "fails"),))


def _without_pair(snapshot: Snapshot, verdict: Verdict, search: SearchReport | None) -> Diagnostic:
    message = wording.describe_failure(verdict, search.message if search else "")
    return Diagnostic(_span_of_failure(snapshot, verdict), message, code="fails")


def _span_of_failure(snapshot: Snapshot, verdict: Verdict) -> Span:
    """The line that raised, else the name of the tested function, else the first line."""
    if verdict.line is not None:
        return _trimmed_line(snapshot, verdict.line - 1)
    call = _NAME_OF_CALL.match(verdict.failing_input or "")
    if call and (start := last_definition_of(snapshot.text, call[1])) is not None:
        return Span(start, start + len(call[1]))
    return _trimmed_line(snapshot, 0)


def _trimmed_line(snapshot: Snapshot, number: int) -> Span:
    """A line without the white space around its text."""
    start, end = snapshot.lines.span(number)
    text = snapshot.text[start:end]
    if not text.strip():
        return Span(start, end)
    return Span(start + len(text) - len(text.lstrip()), start + len(text.rstrip()))


def _strongest(
    generation: Generation, heat_map: HeatMap, pair: ContrastPair, thresholds: Thresholds
) -> Iterator[RelatedInformation]:
    """The tokens of code and prompt with the most relevance, of either sign."""
    for heat in heat_map.strongest(thresholds, tuple(Document)):
        text = wording.token(text_of(generation, heat.document)[slice(*heat.span)])
        relevance = wording.describe_relevance(pair, heat.relevance, heat_map.total)
        in_prompt = heat.document is Document.PROMPT
        yield RelatedInformation(heat.span, f"{text} {relevance}", in_related_document=in_prompt)

"""From an explanation to what an editor shows of it: an EditorView, in code-point offsets."""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import Enum, auto
from functools import cached_property

from attrs import define, frozen

from attribution.schema import ContrastPair, Document, Generation, Role, SearchReport, Verdict
from lsp_server.documents.store import Snapshot, line_of_definition
from lsp_server.protocol.positions import Span
from lsp_server.state import wording
from lsp_server.state.explanation import Explanation
from lsp_server.state.settings import Thresholds

_DEFAULT = Thresholds()
_NAME_OF_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*\(")


class Severity(Enum):
    ERROR = auto()
    WARNING = auto()
    INFORMATION = auto()


@frozen
class Note:
    """Another place that belongs to a finding."""

    span: Span
    message: str
    elsewhere: bool = False  # in the other document of the sample: its prompt, or its code


@frozen
class Finding:
    """A diagnostic."""

    span: Span
    message: str
    code: str  # stable, for filters in the editor
    severity: Severity = Severity.ERROR
    notes: tuple[Note, ...] = ()


@frozen
class HeatSpan:
    """Characters that share one colour: one token, or all tokens of a shared character."""

    document: Document
    span: Span
    relevance: float  # in units of Δℓ
    value: float  # relevance by the scale of its heat map, −1..1; 0 for template tokens
    role: Role


@frozen
class Heat:
    """The painting of code and prompt for one attribution, in the order of the tokens.

    `scale` is the largest |relevance| outside template tokens, over both documents.
    """

    spans: tuple[HeatSpan, ...]
    scale: float

    def of(self, document: Document) -> tuple[HeatSpan, ...]:
        return tuple(one for one in self.spans if one.document is document)

    @cached_property
    def code(self) -> tuple[HeatSpan, ...]:
        return self.of(Document.CODE)

    @cached_property
    def prompt(self) -> tuple[HeatSpan, ...]:
        return self.of(Document.PROMPT)

    def at(self, offset: int, where: Document = Document.CODE) -> HeatSpan | None:
        """What paints a code point; spans of one document are in order and do not overlap."""
        spans = self.code if where is Document.CODE else self.prompt
        index = bisect_right(spans, offset, key=lambda one: one.span.start) - 1
        return spans[index] if index >= 0 and offset < spans[index].span.end else None

    def rank(self, one: HeatSpan) -> int:
        """1 for the strongest of what has a say."""
        return 1 + sum(abs(other.relevance) > abs(one.relevance) for other in self.counted)

    @cached_property
    def counted(self) -> list[HeatSpan]:
        """What has a say, in the order of the tokens."""
        return [one for one in self.spans if one.role is not Role.TEMPLATE]

    @cached_property
    def ranked(self) -> list[HeatSpan]:
        """What has a say, strongest first."""
        return sorted(self.counted, key=lambda one: -abs(one.relevance))

    @cached_property
    def total(self) -> float:
        """All relevance that counts, without its signs."""
        return sum(abs(one.relevance) for one in self.counted)

    def strongest(
        self, thresholds: Thresholds, where: Collection[Document] = (Document.CODE,)
    ) -> list[HeatSpan]:
        """The tokens of these documents that are worth naming, strongest first."""
        least = thresholds.share * self.total
        shown = [one for one in self.ranked if one.value and one.document in where]
        return [one for one in shown[: thresholds.strongest] if abs(one.relevance) >= least]


@frozen
class EditorView:
    """What an editor shows of one version of one document."""

    findings: tuple[Finding, ...] = ()
    heat: Heat | None = None
    pair_span: Span | None = None
    weak: bool = False  # the model nearly chose the other token


def view(
    snapshot: Snapshot, explanation: Explanation, thresholds: Thresholds = _DEFAULT
) -> EditorView:
    """Everything to be shown of what is known so far."""
    verdict, pair, generation = explanation.verdict, explanation.pair, explanation.generation
    if verdict is None or verdict.passed:
        return EditorView()
    if pair is None or generation is None:
        return EditorView((_without_pair(snapshot, verdict, explanation.report),))
    heat = heat_map(explanation)
    span = token_span(generation, pair.position)
    weak = pair.logit_diff < thresholds.weak
    finding = Finding(
        span=span,
        message=wording.finding(verdict, wording.choice(pair, weak=weak)),
        code="fails",
        notes=tuple(_notes(generation, heat, pair, thresholds)) if heat else (),
    )
    return EditorView((finding,), heat, span, weak)


def untrusted(snapshot: Snapshot) -> EditorView:
    """Why nothing is run, and what to do about it."""
    return EditorView(
        (
            Finding(
                span=snapshot.row.span if snapshot.row else snapshot.lines.span(0),
                message="Not explained: this workspace is not trusted, so its code is not run. "
                "Trust the workspace, or set `tokenblame.trusted` where the editor knows no "
                "workspace trust.",
                code="untrusted",
                severity=Severity.INFORMATION,
            ),
        )
    )


def token_span(generation: Generation, index: int) -> Span:
    """Where a token shows; a part of a character without a span of its own shows after it."""
    token = generation.tokens[index]
    return Span(token.start, max(token.end, token.start + 1))


def tokens_at(generation: Generation, offset: int, where: Document = Document.CODE) -> list[int]:
    """Tokens that cover a code point; several where they are parts of one character."""
    return [
        index
        for index, token in enumerate(generation.tokens)
        if token.document is where and token.start <= offset < token.end
    ]


def _without_pair(snapshot: Snapshot, verdict: Verdict, report: SearchReport | None) -> Finding:
    message = wording.finding(verdict, report.message if report else "")
    return Finding(span=_place(snapshot, verdict), message=message, code="fails")


def _place(snapshot: Snapshot, verdict: Verdict) -> Span:
    """The line that raised, else the name of the tested function, else the first line."""
    if verdict.line is not None:
        return _trimmed(snapshot, verdict.line - 1)
    call = _NAME_OF_CALL.match(verdict.failing_input or "")
    if call and (start := line_of_definition(snapshot.text, call[1])) is not None:
        return Span(start, start + len(call[1]))
    return _trimmed(snapshot, 0)


def _trimmed(snapshot: Snapshot, line: int) -> Span:
    """A line without the white space around its text."""
    start, end = snapshot.lines.span(line)
    text = snapshot.text[start:end]
    if not text.strip():
        return Span(start, end)
    return Span(start + len(text) - len(text.lstrip()), start + len(text.rstrip()))


# The heat map


def heat_map(explanation: Explanation) -> Heat | None:
    """One span per visible token before the target; None before the attribution is there."""
    generation, attribution = explanation.generation, explanation.attribution
    if generation is None or attribution is None:
        return None
    groups = _groups(generation, attribution.relevance)
    scale = max((abs(g.relevance) for g in groups if g.role is not Role.TEMPLATE), default=0.0)
    return Heat(tuple(_painted(group, scale) for group in groups), scale)


@define
class _Group:
    """Tokens that share characters. Template tokens do not count beside one that is none."""

    document: Document
    span: Span
    role: Role = Role.TEMPLATE
    template: float = 0.0
    own: float = 0.0

    @property
    def relevance(self) -> float:
        return self.template if self.role is Role.TEMPLATE else self.own

    def add(self, span: Span, role: Role, relevance: float) -> None:
        self.span = Span(min(self.span.start, span.start), max(self.span.end, span.end))
        if role is Role.TEMPLATE:
            self.template += relevance
        else:
            self.role = role
            self.own += relevance


def _groups(generation: Generation, relevance: Sequence[float]) -> list[_Group]:
    """Tokens with overlapping spans as one; an empty span joins the character beside it."""
    groups: list[_Group] = []
    for token, value in zip(generation.tokens[: len(relevance)], relevance, strict=True):
        span = Span(token.start, token.end)
        if token.role is Role.TEMPLATE and span.start == span.end:
            continue  # a special token that shows nowhere must not add to its neighbour
        last = groups[-1] if groups else None
        if last is None or last.document is not token.document or not _joined(last.span, span):
            groups.append(last := _Group(token.document, span))
        last.add(span, token.role, value)
    return _without_empty(groups)


def _joined(last: Span, span: Span) -> bool:
    """An empty span belongs to the character that begins there."""
    if last.start == last.end:
        return last.end == span.start
    return span.start < last.end


def _without_empty(groups: Iterable[_Group]) -> list[_Group]:
    """What no character follows belongs to the one before."""
    kept: list[_Group] = []
    for group in groups:
        if group.span.start < group.span.end:
            kept.append(group)
        elif kept and kept[-1].document is group.document:
            kept[-1].add(kept[-1].span, group.role, group.relevance)
    return kept


def _painted(group: _Group, scale: float) -> HeatSpan:
    grey = group.role is Role.TEMPLATE or not scale
    value = 0.0 if grey else group.relevance / scale
    return HeatSpan(group.document, group.span, group.relevance, value, group.role)


def _notes(
    generation: Generation, heat: Heat, pair: ContrastPair, thresholds: Thresholds
) -> Iterator[Note]:
    """The tokens of code and prompt that pushed hardest, either way."""
    texts = {Document.CODE: generation.code, Document.PROMPT: generation.prompt}
    for one in heat.strongest(thresholds, tuple(texts)):
        text = wording.token(texts[one.document][one.span.start : one.span.end])
        message = f"{text} {wording.push(pair, one.relevance, heat.total)}"
        yield Note(one.span, message, elsewhere=one.document is Document.PROMPT)

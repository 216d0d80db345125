"""The heat map of an explanation: which characters of code and prompt get which colour."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property

from attrs import define, frozen

from attribution.schema import Document, Generation, Role
from lsp_server.protocol.positions import Span
from lsp_server.state.explanation import Explanation
from lsp_server.state.settings import Thresholds


@frozen
class HeatSpan:
    """Characters that share one colour: one token, or all tokens of a shared character."""

    document: Document
    span: Span
    relevance: float  # in units of Δℓ
    value: float  # relevance by the scale of its heat map, −1..1; 0 for template tokens
    role: Role


@frozen
class HeatMap:
    """The colours of code and prompt for one attribution, in the order of the tokens.

    `scale` is the largest |relevance| outside template tokens, over both documents.
    """

    spans: tuple[HeatSpan, ...]
    scale: float

    def of(self, document: Document) -> tuple[HeatSpan, ...]:
        return tuple(span for span in self.spans if span.document is document)

    @cached_property
    def code(self) -> tuple[HeatSpan, ...]:
        return self.of(Document.CODE)

    @cached_property
    def prompt(self) -> tuple[HeatSpan, ...]:
        return self.of(Document.PROMPT)

    def at(self, offset: int, document: Document = Document.CODE) -> HeatSpan | None:
        """What colours a code point; spans of one document are in order and do not overlap."""
        spans = self.code if document is Document.CODE else self.prompt
        index = bisect_right(spans, offset, key=lambda heat: heat.span.start) - 1
        return spans[index] if index >= 0 and offset < spans[index].span.end else None

    def rank(self, heat: HeatSpan) -> int:
        """1 for the strongest of those that count."""
        return 1 + sum(abs(other.relevance) > abs(heat.relevance) for other in self.counted)

    @cached_property
    def counted(self) -> list[HeatSpan]:
        """All but template tokens, in the order of the tokens."""
        return [heat for heat in self.spans if heat.role is not Role.TEMPLATE]

    @cached_property
    def ranked(self) -> list[HeatSpan]:
        """All but template tokens, strongest first."""
        return sorted(self.counted, key=lambda heat: -abs(heat.relevance))

    @cached_property
    def total(self) -> float:
        """All relevance that counts, without its signs."""
        return sum(abs(heat.relevance) for heat in self.counted)

    def strongest(
        self, thresholds: Thresholds, documents: Collection[Document] = (Document.CODE,)
    ) -> list[HeatSpan]:
        """The tokens of these documents that are worth naming, strongest first."""
        least = thresholds.share * self.total
        shown = [heat for heat in self.ranked if heat.value and heat.document in documents]
        return [heat for heat in shown[: thresholds.strongest] if abs(heat.relevance) >= least]


def heat_map_of(explanation: Explanation) -> HeatMap | None:
    """One span per visible token before the target; None before the attribution is there."""
    generation, attribution = explanation.generation, explanation.attribution
    if generation is None or attribution is None:
        return None
    groups = _groups(generation, attribution.relevance)
    scale = max((abs(g.relevance) for g in groups if g.role is not Role.TEMPLATE), default=0.0)
    return HeatMap(tuple(_coloured(group, scale) for group in groups), scale)


@define
class _Group:
    """Tokens that share characters. Template tokens do not count beside one that is none."""

    document: Document
    span: Span
    role: Role = Role.TEMPLATE
    template_relevance: float = 0.0
    own_relevance: float = 0.0

    @property
    def relevance(self) -> float:
        return self.template_relevance if self.role is Role.TEMPLATE else self.own_relevance

    def add(self, span: Span, role: Role, relevance: float) -> None:
        self.span = Span(min(self.span.start, span.start), max(self.span.end, span.end))
        if role is Role.TEMPLATE:
            self.template_relevance += relevance
        else:
            self.role = role
            self.own_relevance += relevance


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
    """An empty group that no character follows belongs to the one before."""
    kept: list[_Group] = []
    for group in groups:
        if group.span.start < group.span.end:
            kept.append(group)
        elif kept and kept[-1].document is group.document:
            kept[-1].add(kept[-1].span, group.role, group.relevance)
    return kept


def _coloured(group: _Group, scale: float) -> HeatSpan:
    grey = group.role is Role.TEMPLATE or not scale
    value = 0.0 if grey else group.relevance / scale
    return HeatSpan(group.document, group.span, group.relevance, value, group.role)

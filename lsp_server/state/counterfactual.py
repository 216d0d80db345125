"""What an edit did to a choice that was explained: Δℓ before and after, and what would be written.

The counterfactual is about the text alone: the tokens before the choice are those of the edited
text, held fixed. What the model would write instead, beyond this one token, is another question.
"""

from collections.abc import Callable

from attrs import evolve, frozen

from attribution.schema import ContrastPair, Document, ExplainRequest, Margin, MarginRequest
from lsp_server.documents.store import Snapshot, shared_start
from lsp_server.protocol.positions import Span
from lsp_server.state import wording
from lsp_server.state.explanation import Explanation
from lsp_server.state.views import EditorView, Finding, Severity


@frozen
class Baseline:
    """A pair as it was before the edit, and what has become of it."""

    pair: ContrastPair  # with Δℓ before
    text: str  # of the sample then
    prompt: str | None  # as edited then, where it is a document of its own
    span: Span  # where the target stands in the version of now
    margin: Margin | None = None  # in the version of now, once known

    def is_of(self, explanation: Explanation) -> bool:
        """Whether an explanation of the version of now is about the same choice."""
        pair, generation = explanation.pair, explanation.generation
        if pair is None or generation is None:
            return False
        return generation.tokens[pair.position].start == self.span.start and (
            pair.target.id,
            pair.contrast.id,
        ) == (self.pair.target.id, self.pair.contrast.id)


def after_edit(
    old: Snapshot, explanation: Explanation, baseline: Baseline | None, new: Snapshot
) -> Baseline | None:
    """What to compare version `new` with, given what was known about the version before it.

    The first text that was explained stays the measure until it is back, the faulty token is
    edited itself, or another pair is explained.
    """
    if baseline is None or not (explanation.pair is None or baseline.is_of(explanation)):
        baseline = _of(old, explanation)
    if baseline is None or (new.text, new.prompt) == (baseline.text, baseline.prompt):
        return None
    span = moved(baseline.span, old.text, new.text)
    return None if span is None else evolve(baseline, span=span, margin=None)


def _of(snapshot: Snapshot, explanation: Explanation) -> Baseline | None:
    pair, generation = explanation.pair, explanation.generation
    if pair is None or generation is None or snapshot.row is not None:
        return None
    token = generation.tokens[pair.position]
    if token.document is not Document.CODE:
        return None
    return Baseline(pair, snapshot.text, snapshot.prompt, Span(token.start, token.end))


def moved(span: Span, old: str, new: str) -> Span | None:
    """Where the characters of `span` are after an edit; None where it touched them."""
    # Both may be too long by what the edit repeats: " x" taken from " x <=" leaves " <=".
    head, tail = shared_start(old, new), shared_start(old[::-1], new[::-1])
    if span.end <= head:
        return span
    if span.start < len(old) - tail:
        return None
    return Span(span.start + len(new) - len(old), span.end + len(new) - len(old))


def question(baseline: Baseline, explain: ExplainRequest) -> MarginRequest:
    """What is asked of the engine about the version of now."""
    pair = baseline.pair
    return MarginRequest(explain, baseline.span.start, pair.target.id, pair.contrast.id)


def sentence(
    baseline: Baseline | None, spelled: Callable[[str], str] = wording.token
) -> str | None:
    """`Δℓ 2.35 → 0.80: the model still prefers ␣score (61%)`; None while that is not known."""
    if baseline is None or (margin := baseline.margin) is None:
        return None
    before, after = wording.number(baseline.pair.logit_diff), wording.number(margin.logit_diff)
    return f"Δℓ {before} → {after}: the model {_would(baseline.pair, margin, spelled)}"


def _would(pair: ContrastPair, margin: Margin, spelled: Callable[[str], str]) -> str:
    target = f"{spelled(pair.target.text)} ({margin.target.probability:.0%})"
    contrast = f"{spelled(pair.contrast.text)} ({margin.contrast.probability:.0%})"
    first = margin.first
    if first.id == pair.target.id:
        return f"{'still' if pair.target.rank == 1 else 'now'} prefers {target}"
    when = "still" if pair.contrast.rank == 1 else "now"
    if first.id == pair.contrast.id:
        return f"would {when} write {contrast}"
    other = f"{spelled(first.text)} ({first.probability:.0%})"
    return f"would now write {other}, neither {target} nor {contrast}"


def with_edit(shown: EditorView, explanation: Explanation, baseline: Baseline | None) -> EditorView:
    """What is shown of a version and what the edit did; nothing is wrong with one that passes."""
    line = sentence(baseline)
    passed = explanation.verdict is not None and explanation.verdict.passed
    if baseline is None or line is None or passed:
        return shown
    if shown.findings and baseline.is_of(explanation):
        first, *others = shown.findings
        told = evolve(first, message=f"{first.message} After the edit: {line}.")
        return evolve(shown, findings=(told, *others))
    finding = Finding(
        baseline.span, f"After the edit: {line}.", "counterfactual", Severity.INFORMATION
    )
    return evolve(shown, findings=(*shown.findings, finding))

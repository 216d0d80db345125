"""What an edit did to a choice that was explained: Δℓ before and after, and what would be written.

The counterfactual is about the text alone: the tokens before the choice are those of the edited
text, held fixed. What the model would write instead, beyond this one token, is another question.
"""

from collections.abc import Callable

from attrs import evolve, frozen

from attribution.schema import ContrastPair, Document, ExplainRequest, Margin, MarginRequest
from lsp_server.documents.differences import moved
from lsp_server.documents.snapshot import Snapshot
from lsp_server.protocol.positions import Span
from lsp_server.state import wording
from lsp_server.state.editor_view import Diagnostic, EditorView, Severity
from lsp_server.state.explanation import Explanation


@frozen
class Baseline:
    """A pair as it was before the edit, and what has become of it."""

    pair: ContrastPair  # with Δℓ before
    text: str  # of the sample then
    prompt: str | None  # as edited then, where it is a document of its own
    span: Span  # where the target stands in the edited version
    margin: Margin | None = None  # in the edited version, once known

    def is_of(self, explanation: Explanation) -> bool:
        """Whether an explanation of the edited version is about the same choice."""
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
        baseline = _baseline_of(old, explanation)
    if baseline is None or (new.text, new.prompt) == (baseline.text, baseline.prompt):
        return None
    span = moved(baseline.span, old.text, new.text)
    return None if span is None else evolve(baseline, span=span, margin=None)


def _baseline_of(snapshot: Snapshot, explanation: Explanation) -> Baseline | None:
    pair, generation = explanation.pair, explanation.generation
    if pair is None or generation is None or snapshot.sample_line is not None:
        return None
    token = generation.tokens[pair.position]
    if token.document is not Document.CODE:
        return None
    return Baseline(pair, snapshot.text, snapshot.prompt, Span(token.start, token.end))


def margin_request(baseline: Baseline, explain: ExplainRequest) -> MarginRequest:
    """The request for Δℓ of the choice in the edited version."""
    pair = baseline.pair
    return MarginRequest(explain, baseline.span.start, pair.target.id, pair.contrast.id)


def describe(baseline: Baseline | None, spell: Callable[[str], str] = wording.token) -> str | None:
    """`Δℓ 2.35 → 0.80: the model still prefers ␣score (61%)`; None while that is not known."""
    if baseline is None or (margin := baseline.margin) is None:
        return None
    before, after = wording.number(baseline.pair.logit_diff), wording.number(margin.logit_diff)
    return f"Δℓ {before} → {after}: the model {_preference(baseline.pair, margin, spell)}"


def _preference(pair: ContrastPair, margin: Margin, spell: Callable[[str], str]) -> str:
    target = f"{spell(pair.target.text)} ({margin.target.probability:.0%})"
    contrast = f"{spell(pair.contrast.text)} ({margin.contrast.probability:.0%})"
    first = margin.first
    if first.id == pair.target.id:
        return f"{'still' if pair.target.rank == 1 else 'now'} prefers {target}"
    when = "still" if pair.contrast.rank == 1 else "now"
    if first.id == pair.contrast.id:
        return f"would {when} write {contrast}"
    other = f"{spell(first.text)} ({first.probability:.0%})"
    return f"would now write {other}, neither {target} nor {contrast}"


def with_counterfactual(
    view: EditorView, explanation: Explanation, baseline: Baseline | None
) -> EditorView:
    """What is shown of a version and what the edit did; nothing is wrong with one that passes."""
    text = describe(baseline)
    passed = explanation.verdict is not None and explanation.verdict.passed
    if baseline is None or text is None or passed:
        return view
    if view.diagnostics and baseline.is_of(explanation):
        first, *others = view.diagnostics
        extended = evolve(first, message=f"{first.message} After the edit: {text}.")
        return evolve(view, diagnostics=(extended, *others))
    diagnostic = Diagnostic(
        baseline.span, f"After the edit: {text}.", "counterfactual", Severity.INFORMATION
    )
    return evolve(view, diagnostics=(*view.diagnostics, diagnostic))

"""What an edit did: where the choice stands afterwards, and how it is said."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from attribution.schema import Margin, ScoredToken
from lsp_server.documents.differences import moved
from lsp_server.documents.snapshot import Snapshot
from lsp_server.protocol.positions import Span
from lsp_server.state.counterfactual import (
    Baseline,
    after_edit,
    describe,
    with_counterfactual,
)
from lsp_server.state.editor_view import EditorView, Severity, view_of
from lsp_server.state.explanation import Explanation
from tests.lsp_server.samples import (
    CODE,
    FAILING,
    PASSING,
    attribution,
    generation,
    margin,
    pair,
)

URI = "file:///w/HumanEval_0/0.py"
OLD = Snapshot(URI, 1, CODE)
FAULT = Span(CODE.index(" <="), CODE.index(" 0"))
LATER = tuple(evolve(t, start=t.start + 4, end=t.end + 4) for t in generation().tokens)
WHOLE = Explanation(FAILING, generation(), (pair(),), None, attribution())


def edited(text: str, known: Explanation = WHOLE, prompt: str | None = None) -> Baseline | None:
    return after_edit(OLD, known, None, Snapshot(URI, 2, text, prompt=prompt))


def measured(margin_after: Margin) -> Baseline:
    baseline = edited(f"# a\n{CODE}")
    assert baseline is not None
    return evolve(baseline, margin=margin_after)


@pytest.mark.parametrize(
    ("text", "shift"),
    [
        (CODE.replace("f(x)", "f(number)"), 5),
        (CODE.replace("return x", "return"), -2),
        (CODE + "# end\n", 0),
        (CODE.replace(" 0\n", " 1\n"), 0),
        (f"\n{CODE}", 1),
    ],
)
def test_the_choice_is_followed_through_edits_beside_it(text: str, shift: int) -> None:
    baseline = edited(text)
    assert baseline is not None
    assert baseline.span == (FAULT.start + shift, FAULT.end + shift)
    assert text[baseline.span.start : baseline.span.end] == " <="
    assert (baseline.pair, baseline.margin) == (pair(), None)


@pytest.mark.parametrize("text", [CODE.replace("<=", "<"), CODE.replace("<=", "< ="), "", "x = 1"])
def test_an_edit_of_the_choice_itself_compares_nothing(text: str) -> None:
    assert edited(text) is None


def test_there_is_nothing_to_compare_before_a_pair_is_known() -> None:
    assert edited(f"\n{CODE}", Explanation(FAILING, generation())) is None
    assert edited(f"\n{CODE}", Explanation(PASSING)) is None


def test_a_prompt_of_its_own_counts_as_an_edit() -> None:
    baseline = edited(CODE, prompt="Do it well.")
    assert baseline is not None
    assert baseline.span == FAULT
    again = Snapshot(URI, 2, CODE, prompt="Do it well.")
    back = after_edit(again, Explanation(), baseline, Snapshot(URI, 2, CODE))
    assert back is None  # as it was


def test_the_first_text_stays_the_measure_until_it_is_back() -> None:
    texts = [f"#{CODE}", f"##{CODE}", f"#{CODE}"]
    old, known, baseline = OLD, WHOLE, None
    for number, text in enumerate(texts, 2):
        new = Snapshot(URI, number, text)
        baseline = after_edit(old, known, baseline, new)
        assert baseline is not None
        assert (baseline.text, baseline.margin) == (CODE, None)
        baseline = evolve(baseline, margin=margin(0.8))  # of this version alone
        assert text[baseline.span.start : baseline.span.end] == " <="
        old, known = new, Explanation()  # typed on before anything was explained
    assert after_edit(old, known, baseline, Snapshot(URI, 9, CODE)) is None


def test_another_pair_that_was_explained_since_is_the_new_measure() -> None:
    first = edited(f"# a\n{CODE}")
    assert first is not None
    version = Snapshot(URI, 2, f"# a\n{CODE}")
    read = evolve(generation(LATER), code=version.text)
    for known, expected in ((pair(), CODE), (pair(4), version.text)):
        explained = Explanation(FAILING, read, (known,))
        following = after_edit(version, explained, first, Snapshot(URI, 3, f"# ab\n{CODE}"))
        assert following is not None
        assert following.text == expected
        assert following.pair.position == known.position


@given(st.text("ab x", max_size=12), st.text("ab x", max_size=12), st.text("ab x", max_size=8))
def test_what_is_followed_is_the_same_text(before: str, between: str, added: str) -> None:
    old = f"{before}<=|{between}"
    span = Span(len(before), len(before) + 2)
    for at in range(len(old) + 1):
        for end in range(at, len(old) + 1):
            new = old[:at] + added + old[end:]
            span_after = moved(span, old, new)
            outside = end <= span.start or at >= span.end
            if outside:
                assert span_after is not None
            if span_after is not None:
                assert new[span_after.start : span_after.end] == "<="


# How it is said


def test_the_model_may_keep_its_choice_or_change_it() -> None:
    kept, other = margin(0.8), margin(-0.4, first=90)
    assert describe(measured(kept)) == "Δℓ 1.32 → 0.80: the model still prefers `␣<=` (61%)"
    assert describe(measured(other)) == "Δℓ 1.32 → −0.40: the model would now write `␣<` (27%)"
    third = evolve(margin(0.8), first=ScoredToken(7, " in", 9.0, 0.5, 1))
    assert describe(measured(third)) == (
        "Δℓ 1.32 → 0.80: the model would now write `␣in` (50%), neither `␣<=` (61%) nor `␣<` (27%)"
    )


def test_still_is_said_of_what_was_so_before() -> None:
    baseline = measured(margin(0.8))
    forced = evolve(baseline.pair, target=evolve(baseline.pair.target, rank=3))
    line = describe(evolve(baseline, pair=forced))
    assert line is not None
    assert line.endswith("now prefers `␣<=` (61%)")
    liked = evolve(baseline.pair, contrast=evolve(baseline.pair.contrast, rank=1))
    line = describe(evolve(measured(margin(-0.4, first=90)), pair=liked))
    assert line is not None
    assert "would still write" in line


def test_nothing_is_said_before_it_is_known() -> None:
    assert describe(None) is None
    baseline = edited(f"\n{CODE}")
    assert describe(baseline) is None
    assert with_counterfactual(EditorView(), Explanation(), baseline) == EditorView()


def test_it_stands_at_the_token_until_that_is_explained() -> None:
    baseline = measured(margin(0.8))
    shown = with_counterfactual(EditorView(), Explanation(), baseline)
    (diagnostic,) = shown.diagnostics
    assert diagnostic.span == baseline.span
    assert (diagnostic.severity, diagnostic.code) == (Severity.INFORMATION, "counterfactual")
    assert diagnostic.message.startswith("After the edit: Δℓ 1.32 → 0.80")


def test_the_results_of_the_new_version_keep_mentioning_it() -> None:
    """In the finding of the same choice, beside that of another one."""
    text = f"# a\n{CODE}"
    snapshot, baseline = Snapshot(URI, 2, text), measured(margin(0.8))
    read = evolve(generation(LATER), code=text)
    same = Explanation(FAILING, read, (pair(logit_diff=0.8),))
    (diagnostic,) = with_counterfactual(view_of(snapshot, same), same, baseline).diagnostics
    assert diagnostic.message.startswith("Fails base test")
    line = "After the edit: Δℓ 1.32 → 0.80: the model still prefers `␣<=` (61%)."
    assert diagnostic.message.endswith(line)
    other = Explanation(FAILING, read, (pair(4),))
    first, second = with_counterfactual(view_of(snapshot, other), other, baseline).diagnostics
    assert "After the edit" not in first.message
    assert (second.span, second.code) == (baseline.span, "counterfactual")


def test_nothing_is_wrong_with_what_passes_now() -> None:
    explanation = Explanation(PASSING)
    assert with_counterfactual(EditorView(), explanation, measured(margin(0.8))) == EditorView()

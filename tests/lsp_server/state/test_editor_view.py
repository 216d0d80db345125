"""What is shown of an explanation, and where."""

from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from attribution.schema import Document, Origin, Role, SearchReport, Status, Token
from lsp_server.documents.snapshot import Snapshot
from lsp_server.state.editor_view import EditorView, untrusted_view, view_of
from lsp_server.state.explanation import Explanation
from lsp_server.state.heat_map import heat_map_of
from tests.conftest import Golden
from tests.lsp_server.samples import (
    CODE,
    FAILING,
    PASSING,
    RELEVANCE,
    TARGET,
    attribution,
    generation,
    pair,
    tokens,
)

SNAPSHOT = Snapshot("file:///w/HumanEval_0/0.py", 1, CODE)
WHOLE = Explanation(FAILING, generation(), (pair(),), None, attribution())


def covered(shown: EditorView, text: str = CODE) -> str:
    (diagnostic,) = shown.diagnostics
    return text[slice(*diagnostic.span)]


def as_text(view: EditorView, text: str = CODE) -> str:
    """Its diagnostics, each with what it covers and the related information below it."""
    return "\n".join(
        line
        for diagnostic in view.diagnostics
        for line in (
            f"{diagnostic.severity.name} {diagnostic.code} at {text[slice(*diagnostic.span)]!r}",
            diagnostic.message,
            *(f"- {text[slice(*r.span)]!r}: {r.message}" for r in diagnostic.related),
        )
    )


def test_nothing_is_shown_before_the_verdict_or_of_a_passing_sample() -> None:
    assert view_of(SNAPSHOT, Explanation()) == EditorView()
    assert view_of(SNAPSHOT, Explanation(PASSING)) == EditorView()


def test_the_verdict_comes_first_at_the_tested_function(golden: Golden) -> None:
    golden("diagnostics/verdict.txt", as_text(view_of(SNAPSHOT, Explanation(FAILING))))


def test_an_exception_is_shown_on_its_line(golden: Golden) -> None:
    raised = evolve(FAILING, actual=None, exception="NameError: x", line=2)
    golden("diagnostics/exception.txt", as_text(view_of(SNAPSHOT, Explanation(raised))))


@pytest.mark.parametrize("line", [0, 3, 99])
def test_a_line_outside_the_text_still_has_a_place(line: int) -> None:
    assert (
        0
        <= view_of(SNAPSHOT, Explanation(evolve(FAILING, line=line))).diagnostics[0].span.end
        <= len(CODE)
    )


def test_without_a_pair_the_search_says_why(golden: Golden) -> None:
    search = SearchReport(rollouts=48, decoded_tokens=1, proved=0, message="Nothing passed.")
    shown = view_of(SNAPSHOT, Explanation(FAILING, generation(), (), search))
    golden("diagnostics/nothing_proved.txt", as_text(shown))


def test_the_pair_moves_the_diagnostic_to_the_faulty_token(golden: Golden) -> None:
    shown = view_of(SNAPSHOT, Explanation(FAILING, generation(), (pair(),)))
    golden("diagnostics/pair.txt", as_text(shown))
    assert shown.heat_map is None


@pytest.mark.parametrize("origin", Origin)
def test_every_pair_says_how_far_it_is_proved(origin: Origin) -> None:
    chosen = evolve(pair(), origin=origin)
    message = (
        view_of(SNAPSHOT, Explanation(FAILING, generation(), (chosen,))).diagnostics[0].message
    )
    proved = origin is not Origin.MANUAL
    assert ("the tests pass" in message) is ("not proved" not in message) is proved


def test_a_small_difference_is_called_weak() -> None:
    shown = view_of(SNAPSHOT, Explanation(FAILING, generation(), (pair(logit_diff=0.4),)))
    assert "(Δℓ = 0.40, weak, proved by execution)" in shown.diagnostics[0].message
    assert shown.weak
    assert not view_of(SNAPSHOT, Explanation(FAILING, generation(), (pair(logit_diff=1.0),))).weak


def test_the_strongest_tokens_are_named_with_their_side(golden: Golden) -> None:
    golden("diagnostics/attributed.txt", as_text(view_of(SNAPSHOT, WHOLE)))


def test_the_scale_leaves_template_tokens_out() -> None:
    heat_map = heat_map_of(WHOLE)
    assert heat_map is not None
    assert heat_map.scale == 1.0
    assert [heat.value for heat in heat_map.spans] == [0.0, 0.5, -0.25, 1.0, 0.05]
    assert [heat.relevance for heat in heat_map.spans] == list(RELEVANCE)
    assert heat_map.spans[0].role is Role.TEMPLATE


def test_no_relevance_at_all_is_no_division_by_zero() -> None:
    heat_map = heat_map_of(evolve(WHOLE, attribution=attribution((3.0, 0.0, 0.0, 0.0, 0.0))))
    assert heat_map is not None
    assert heat_map.scale == 0.0
    assert {heat.value for heat in heat_map.spans} == {0.0}


def made(*spans: tuple[int, int, Role]) -> tuple[Token, ...]:
    return tuple(Token(n, "", Document.CODE, a, b, role) for n, (a, b, role) in enumerate(spans))


def painted(spans: tuple[Token, ...], relevance: tuple[float, ...]) -> list[tuple[int, int, float]]:
    explanation = evolve(WHOLE, generation=generation(spans), attribution=attribution(relevance))
    heat_map = heat_map_of(explanation)
    assert heat_map is not None
    return [(heat.span.start, heat.span.end, heat.relevance) for heat in heat_map.spans]


W, T = Role.OUTPUT, Role.TEMPLATE


@pytest.mark.parametrize(
    ("spans", "relevance", "expected"),
    [
        # three tokens of one character share its span
        (made((0, 1, W), (0, 1, W), (0, 1, W), (1, 2, W)), (1, 2, 3, 4), [(0, 1, 6), (1, 2, 4)]),
        # parts without a span belong to the character that begins there
        (made((0, 1, W), (1, 1, W), (1, 2, W)), (1, 2, 3), [(0, 1, 1), (1, 2, 5)]),
        # or, where none follows, to the one before
        (made((0, 1, W), (1, 1, W), (1, 1, W)), (1, 2, 3), [(0, 1, 6)]),
        # special tokens that show nowhere add to nobody
        (made((0, 0, T), (0, 1, W), (1, 1, T)), (9, 2, 9), [(0, 1, 2)]),
        # a template token beside a real one does not count
        (made((0, 1, T), (0, 1, W)), (9, 2), [(0, 1, 2)]),
        (made((0, 1, T), (0, 1, T)), (9, 2), [(0, 1, 11)]),
        (made((0, 0, W)), (1,), []),
    ],
)
def test_tokens_of_one_character_add_up(
    spans: tuple[Token, ...], relevance: tuple[float, ...], expected: list[tuple[int, int, float]]
) -> None:
    assert painted(spans, relevance) == expected


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(-9, 9)), min_size=1, max_size=20))
def test_no_relevance_is_lost_and_no_span_overlaps(parts: list[tuple[int, float]]) -> None:
    """Any run of tokens of 0 to 2 characters, as long as there is a character at all."""
    spans, at = [], 0
    for width, _ in parts:
        spans.append((at, at + width, W))
        at += width
    shown = painted(made(*spans), tuple(value for _, value in parts))
    assert all(a[1] <= b[0] for a, b in pairwise(shown))
    assert all(start < end for start, end, _ in shown)
    if at:
        assert sum(v for *_, v in shown) == pytest.approx(sum(v for _, v in parts), abs=1e-9)


def test_prompt_tokens_are_kept_apart() -> None:
    prompt = (Token(7, "Hi", Document.PROMPT, 0, 2, Role.PROMPT),)
    both = prompt + made((0, 2, W))
    explanation = evolve(WHOLE, generation=generation(both), attribution=attribution((-2.0, 1.0)))
    heat_map = heat_map_of(explanation)
    assert heat_map is not None
    assert [heat.value for heat in heat_map.of(Document.PROMPT)] == [-1.0]
    assert [heat.value for heat in heat_map.of(Document.CODE)] == [0.5]


def test_a_target_without_a_span_still_shows() -> None:
    parts = (*made((0, 1, W)), Token(1, "", Document.CODE, 1, 1, W))
    shown = view_of(SNAPSHOT, Explanation(FAILING, generation(parts), (pair(1),)))
    assert shown.diagnostics[0].span == (1, 2)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"status": Status.TIMEOUT}, "Does not finish in time on base test `f(0)`."),
        ({"failing_input": None, "message": "No Python."}, "No Python."),
        ({"failing_input": None, "message": ""}, "Fails its tests (fail)."),
        ({"actual": None}, "Wrong result."),
        ({"failing_input": "f('`')"}, "Fails base test ``f('`')``: expected False, got True."),
        ({"failing_input": f"f({'1' * 999})"}, "1…1"),
    ],
)
def test_every_verdict_says_what_went_wrong(changes: dict[str, object], says: str) -> None:
    verdict = evolve(FAILING, **changes)  # type: ignore[arg-type]
    assert says in view_of(SNAPSHOT, Explanation(verdict)).diagnostics[0].message


def test_what_limits_the_verdict_comes_last() -> None:
    limited = evolve(FAILING, note="base tests only: no data")
    alone = view_of(SNAPSHOT, Explanation(limited)).diagnostics[0].message
    assert alone.endswith("got True. Base tests only: no data.")
    with_pair = view_of(SNAPSHOT, Explanation(limited, generation(), (pair(),)))
    assert with_pair.diagnostics[0].message.endswith(
        "proved by execution). Base tests only: no data."
    )


def test_an_untrusted_workspace_says_what_to_do(golden: Golden) -> None:
    golden("diagnostics/untrusted.txt", as_text(untrusted_view(SNAPSHOT)))


def test_the_readable_sample_is_consistent() -> None:
    assert [CODE[t.start : t.end] for t in tokens([("def", T), (" f", W)])] == ["def", " f"]
    assert generation().tokens[TARGET].text == " <="

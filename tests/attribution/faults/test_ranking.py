"""Which of the proved pairs is preferred, and how a search is told to have ended."""

import pytest

from attribution.faults import ranking
from attribution.faults.scoring import score
from attribution.faults.syntax import Syntax, TokenKind, parses
from attribution.schema import ContrastPair, Origin, Outcome, SecondFlip, TokenChoice

CHOICE = TokenChoice(1, "a", 1)


def pair_of(failing: str, program: str, logit_diff: float, position: int = 3) -> ContrastPair:
    return ContrastPair(
        position,
        CHOICE,
        CHOICE,
        logit_diff,
        Origin.VERIFIED,
        program,
        ranking.repair_size(failing, program),
    )


def test_the_smallest_repair_wins_then_the_largest_difference() -> None:
    failing = "def f(x):\n    return x + 1\n"
    small = pair_of(failing, failing.replace("+", "-"), 0.5)
    clear = pair_of(failing, failing.replace("+", "*"), 2.0)
    large = pair_of(failing, "def f(x):\n    y = x\n    return y - 1\n", 9.0)
    assert ranking.best([large, small, clear]) is clear
    assert ranking.ranked([large, small, clear]) == [clear, small, large]
    assert ranking.repair_size(failing, failing.replace("    ", "\t")) == 0


@pytest.mark.parametrize(
    ("places", "finished", "complete", "expected"),
    [
        ([(5, 2.0), (7, 0.5)], True, False, Outcome.CLEAR),
        ([(5, 0.5)], True, True, Outcome.WEAK),
        ([(4, 9.0)], True, True, Outcome.FIRST_TOKEN),
        ([], False, True, Outcome.UNFINISHED),
        ([], False, False, Outcome.UNFINISHED),
        ([], True, True, Outcome.EXHAUSTED),
        ([], True, False, Outcome.BUDGET),
    ],
)
def test_outcomes(
    places: list[tuple[int, float]], finished: bool, complete: bool, expected: Outcome
) -> None:
    pairs = [pair_of("a", "b", diff, place) for place, diff in places]
    found = ranking.outcome(pairs, start=4, length=9, finished=finished, complete=complete)
    assert found is expected
    assert ranking.describe(found, pairs, 3, 4)


def test_nothing_written_is_an_outcome() -> None:
    found = ranking.outcome([], start=4, length=4, finished=True, complete=True)
    assert found is Outcome.EMPTY


def test_two_token_repairs_are_no_pivots_and_come_last() -> None:
    single = pair_of("a b c d", "x y z w", 0.1, 5)
    double = ContrastPair(
        7, CHOICE, CHOICE, 9.0, Origin.TWO_TOKENS, "a b c x", 1, SecondFlip(9, CHOICE, CHOICE)
    )
    assert ranking.best([double, single]) is single
    assert ranking.pivot([double, single]) == 5
    assert ranking.pivot([double]) is None
    assert not ranking.is_clear(double)


def test_kinds_of_syntax() -> None:
    code = 'def f(x):\n    """Doc é."""\n    y = x + 12  # why\n    return y and "s"\n'
    syntax = Syntax(code)

    def kind(text: str, after: int = 0) -> TokenKind:
        start = code.index(text, after)
        return syntax.kind(start, start + len(text))

    assert kind("def") is TokenKind.KEYWORD
    assert kind(" x", 20) is TokenKind.NAME
    assert kind("Doc") is TokenKind.PROSE
    assert kind("é") is TokenKind.PROSE
    assert kind(" +") is TokenKind.OPERATOR
    assert kind("12") is TokenKind.CONSTANT
    assert kind(" why") is TokenKind.PROSE
    assert kind(" and") is TokenKind.OPERATOR
    assert kind('"s"') is TokenKind.CONSTANT
    assert kind("return") is TokenKind.KEYWORD
    assert kind("\n    return"[:5]) is TokenKind.LAYOUT
    assert kind("(") is TokenKind.PUNCTUATION


def test_what_cannot_be_python_is_known_before_it_is_run() -> None:
    assert parses("def f(x):\n    return x\n")
    assert not parses("def f(x:\n    return x\n")
    assert not parses("x = = 1\n")


def test_all_else_equal_comments_layout_and_what_is_not_called_come_last() -> None:
    last = {TokenKind.PROSE, TokenKind.LAYOUT, TokenKind.BEHIND}
    first = set(TokenKind) - last
    assert max(score(-1.0, 1.0, 0.0, k) for k in last) < min(
        score(-1.0, 1.0, 0.0, k) for k in first
    )


@pytest.mark.parametrize("kind", TokenKind)
def test_likely_open_and_suspected_ones_come_first(kind: TokenKind) -> None:
    assert score(-1.0, 0.5, 0.0, kind) > score(-2.0, 0.5, 0.0, kind)
    assert score(-1.0, 0.6, 0.0, kind) > score(-1.0, 0.5, 0.0, kind)
    assert score(-1.0, 0.5, 0.5, kind) > score(-1.0, 0.5, 0.0, kind)

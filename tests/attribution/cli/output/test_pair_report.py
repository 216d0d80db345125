"""What the command line says of proved pairs: how each was proved, and which one is pivotal."""

import io

import pytest
from attrs import evolve
from rich.console import Console

from attribution.cli.output.pair_report import print_pair, print_pairs
from attribution.ipc.explanation import Explanation
from attribution.schema import (
    ContrastPair,
    Generation,
    Origin,
    SearchReport,
    SecondFlip,
    TokenChoice,
)
from tests.attribution.cli.test_main import PAIR, explained

FOUND = SearchReport(8, 99, 2, "Found.", pivotal=4)
UPSTREAM = evolve(PAIR, position=3, target=TokenChoice(4, " x", 1), repair_size=5)


def made() -> Generation:
    generation = explained().generation
    assert generation is not None
    return generation


def console() -> Console:
    return Console(file=io.StringIO(), width=200, highlight=False)


def printed(pairs: list[ContrastPair], search: SearchReport) -> list[str]:
    explanation, out = Explanation(), console()
    for pair in pairs:
        explanation.add(pair)
    explanation.add(search)
    print_pairs(explanation, made(), out)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue().splitlines()


@pytest.mark.parametrize(("certain", "mark"), [(True, ", pivotal"), (False, ", last so far")])
def test_the_pivotal_pair_is_marked(certain: bool, mark: str) -> None:
    lines = printed([UPSTREAM, PAIR], evolve(FOUND, pivotal_certain=certain))
    assert sum(mark in line for line in lines) == 1
    (told,) = (line for line in lines if "' +'" in line)
    assert f"verified{mark}" in told


def test_of_a_foreign_sample_the_share_of_own_tokens_is_told() -> None:
    share = "The model itself would have written 25% of these tokens."
    assert share in printed([], evolve(FOUND, own_share=0.25))
    assert not any("would have written" in line for line in printed([], FOUND))


def test_both_tokens_of_a_two_token_repair_are_named() -> None:
    flip = SecondFlip(6, TokenChoice(8, " 1", 1), TokenChoice(9, " 2", 3))
    out = console()
    print_pair(evolve(PAIR, origin=Origin.TWO_TOKENS, second=flip), made(), out)
    assert isinstance(out.file, io.StringIO)
    told = " ".join(out.file.getvalue().split())
    assert "with ' -' (its choice no. 2) and ' 2' for ' 1' further on the tests pass." in told


def test_every_origin_is_told() -> None:
    told = set()
    for origin in Origin:
        out = console()
        print_pair(evolve(PAIR, origin=origin), made(), out)
        assert isinstance(out.file, io.StringIO)
        told.add(" ".join(out.file.getvalue().split()))
    assert len(told) == len(Origin)
    assert sum("sibling" in line for line in told) == 1
    assert sum("as you chose, nothing was run" in line for line in told) == 1


@pytest.mark.parametrize(("logit_diff", "weak"), [(0.99, True), (1.0, False), (1.01, False)])
def test_a_pair_below_a_margin_of_one_is_weak(logit_diff: float, weak: bool) -> None:
    out = console()
    print_pair(evolve(PAIR, logit_diff=logit_diff), made(), out)
    assert isinstance(out.file, io.StringIO)
    assert ("(weak: the model hardly preferred it)" in out.file.getvalue()) is weak

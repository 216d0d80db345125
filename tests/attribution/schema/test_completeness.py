"""What is said of the parts of Δℓ: each is called what it is, and a sum that is off says so."""

import io

import pytest
from attrs import evolve
from rich.console import Console

from attribution.cli.output.terminal import print_completeness
from attribution.schema import Attribution
from tests.attribution.graphs.random_graphs import pair_at

LEAKING = Attribution(pair_at(3), "attnlrp", 1.5, (5.0, 0.5, 0.25), 5.75, -4.0, -0.25)
GRADIENT = evolve(LEAKING, method="gradient", leak=0.0)
OFF = evolve(LEAKING, method="integrated", leak=0.0, bias=0.0, baseline=0.25)
SETTLED = evolve(OFF, sum=1.3)


def printed(found: Attribution) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False)
    print_completeness(found, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("method", ["attnlrp", "cplrp"])
def test_methods_with_rules_have_a_softmax_leak(method: str) -> None:
    told = printed(evolve(LEAKING, method=method))
    assert told == f"{method}: Δℓ 1.500 = tokens 5.750 + softmax leak -4.000 + biases -0.250\n"


@pytest.mark.parametrize("found", [GRADIENT, SETTLED])
def test_without_rules_what_is_missing_is_not_distributed(found: Attribution) -> None:
    told = printed(found)
    rest = found.logit_diff - found.sum - found.bias
    assert f" + not distributed {rest:.3f} + biases {found.bias:.3f}\n" in told
    assert "leak" not in told


def test_a_quadrature_that_is_off_says_by_how_much() -> None:
    assert OFF.error == pytest.approx(5.75 - (1.5 - 0.25))
    assert "The method has not converged: off by 4.50 logits, where its sum should be 1.25." in (
        printed(OFF)
    )


def test_up_to_five_percent_is_no_news() -> None:
    assert SETTLED.caveat == GRADIENT.caveat == LEAKING.caveat == ""
    promised = OFF.logit_diff - OFF.baseline
    assert evolve(OFF, sum=1.049 * promised).caveat == ""
    assert evolve(OFF, sum=0.951 * promised).caveat == ""
    assert "off by 0.06" in evolve(OFF, sum=1.051 * promised).caveat
    assert evolve(OFF, sum=0.0, logit_diff=0.25).caveat == ""  # a token against itself

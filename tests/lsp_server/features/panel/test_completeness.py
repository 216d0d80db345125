"""What the server says of the parts of Δℓ, by methods that have a softmax leak and by others."""

import pytest
from attrs import evolve

from attribution.schema import Attribution
from lsp_server.features.panel.comparison import comparison_report
from lsp_server.features.panel.details import Explained
from lsp_server.state import wording
from tests.lsp_server.features.panel.test_details import WHOLE, comparison, session
from tests.lsp_server.samples import attribution

LEAKING = attribution()
OFF = evolve(LEAKING, method="integrated", leak=0.0, bias=0.0, baseline=0.3)


def test_only_methods_with_rules_have_a_softmax_leak() -> None:
    for method in ("attnlrp", "cplrp"):
        assert "softmax leak 0.20" in wording.describe_completeness(evolve(LEAKING, method=method))
    for found in (evolve(LEAKING, method="gradient", leak=0.0), evolve(OFF, bias=0.02)):
        told = wording.describe_completeness(found)
        assert "tokens 1.10 + not distributed 0.20 + bias 0.02" in told
        assert "leak" not in told


def test_a_quadrature_that_is_off_says_so() -> None:
    told = wording.describe_completeness(OFF)
    assert "(integrated). The method has not converged: off by 0.08 logits" in told
    assert told.endswith("It is about this one choice, with every token before it held fixed.")


@pytest.mark.parametrize(
    ("first", "row"),
    [(LEAKING, "| softmax leak | 0.20 |"), (OFF, "| not distributed | 0.22 |")],
)
def test_a_comparison_calls_it_the_same(first: Attribution, row: str) -> None:
    known = Explained.of(session(evolve(WHOLE, attribution=first)))
    assert row in comparison_report(known, comparison(0.5))

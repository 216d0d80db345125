import pytest

from attribution.faithfulness.wording import message
from attribution.schema import Agreement, Curves, Estimate, Perturbation
from tests.attribution.faithfulness.reference import MASK, SUBSTITUTE


def sampled(value: float, low: float, high: float) -> Agreement:
    return Agreement(MASK, Estimate(value, low, high), Estimate(0.4, 0.0, 0.6), 24, 310)


def whole(value: float, of: int = 310, perturbation: Perturbation = MASK) -> Agreement:
    return Agreement(perturbation, Estimate(value, value, value), Estimate(0, 0, 0), of, of)


def curves(p_value: float) -> Curves:
    return Curves((1.0,), (0.0,), (0.0,), (), 0.0, p_value)


@pytest.mark.parametrize(
    ("agreement", "expected"),
    [
        (
            sampled(0.62, 0.41, 0.78),
            "Relevance ranks tokens much as interventions do (ρ = 0.62, 95 % interval 0.41 to "
            "0.78, 24 of 310 tokens measured).",
        ),
        (
            sampled(0.3, 0.11, 0.5),
            "Relevance ranks tokens only weakly as interventions do (ρ = 0.30, 95 % interval 0.11 "
            "to 0.50, 24 of 310 tokens measured).",
        ),
        (
            sampled(0.7, -0.004, 0.9),
            "This map does not predict interventions better than chance: read it as a guess "
            "(ρ = 0.70, 95 % interval 0.00 to 0.90, which includes zero, 24 of 310 tokens "
            "measured).",
        ),
        (
            sampled(-0.5, -0.7, -0.2),
            "This map does not predict interventions better than chance: read it as a guess "
            "(ρ = −0.50, 95 % interval −0.70 to −0.20, 24 of 310 tokens measured).",
        ),
        (
            whole(0.62),
            "Relevance ranks tokens much as interventions do (ρ = 0.62 with tokens masked; all "
            "310 tokens measured).",
        ),
    ],
)
def test_one_sentence(agreement: Agreement, expected: str) -> None:
    assert message([agreement], None) == expected


def test_the_weakest_agreement_decides() -> None:
    strong, weak, none = (whole(value, 310, SUBSTITUTE) for value in (0.6, 0.3, 0.05))
    assert "much as" in message([whole(0.8), strong], None)
    assert "only weakly" in message([whole(0.8), weak], None)
    assert "read it as a guess" in message([whole(0.8), none], None)
    assert "ρ = 0.80 with tokens masked, ρ = 0.60 with tokens replaced by a neutral one" in message(
        [whole(0.8), strong], None
    )


def test_few_tokens_can_be_ranked_by_chance() -> None:
    assert "read it as a guess" in message([whole(0.6, of=10)], None)
    assert "much as" in message([whole(0.7, of=10)], None)


def test_curves_are_a_second_sentence() -> None:
    assert message([whole(0.8)], curves(0.048)).endswith(
        "Taken away in its order, tokens move Δℓ more than in random orders (p = 0.048)."
    )
    assert "no more than in random orders (p = 0.500)" in message([whole(0.8)], curves(0.5))

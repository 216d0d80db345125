"""Trust figures in words, for a person."""

from collections.abc import Sequence
from math import sqrt

from attribution.schema import Agreement, Curves, Estimate, Perturbation

STRONG = 0.5  # ρ from which relevance ranks tokens “much as” interventions do
CHANCE = 1.96  # a random ranking of m tokens has |ρ| below CHANCE / √(m − 1) in 95 % of cases
SIGNIFICANT = 0.05  # p-value of the deletion curves

_HOW = {Perturbation.MASK: "masked", Perturbation.SUBSTITUTE: "replaced by a neutral one"}


def message(agreements: Sequence[Agreement], curves: Curves | None) -> str:
    """One or two sentences; the weakest of the agreements decides how much is claimed."""
    if any(_by_chance(agreement) for agreement in agreements):
        verdict = "This map does not predict interventions better than chance: read it as a guess"
    elif min(agreement.spearman.value for agreement in agreements) >= STRONG:
        verdict = "Relevance ranks tokens much as interventions do"
    else:
        verdict = "Relevance ranks tokens only weakly as interventions do"
    sentence = f"{verdict} ({_figures(agreements)})."
    return sentence if curves is None else f"{sentence} {_order(curves)}"


def overrun(took: float, given: float) -> str:
    """A sentence on an estimate that measured the least it can and was late; both in seconds."""
    return f"That is the least that says anything; it took {took:.1f} s instead of {given:g} s."


def _by_chance(agreement: Agreement) -> bool:
    found = agreement.spearman
    if agreement.measured < agreement.of:
        return found.low <= 0
    # All tokens were measured: no sampling error, but with few tokens chance can rank well.
    return found.value * sqrt(agreement.of - 1) <= CHANCE


def _figures(agreements: Sequence[Agreement]) -> str:
    first = agreements[0]
    if first.measured < first.of:
        count = f"{first.measured} of {first.of} tokens measured"
        return f"ρ = {_number(first.spearman.value)}, {_interval(first.spearman)}, {count}"
    found = ", ".join(
        f"ρ = {_number(agreement.spearman.value)} with tokens {_HOW[agreement.perturbation]}"
        for agreement in agreements
    )
    count = "the only token" if first.of == 1 else f"all {first.of} tokens"
    return f"{found}; {count} measured"


def _interval(found: Estimate) -> str:
    interval = f"95 % interval {_number(found.low)} to {_number(found.high)}"
    return f"{interval}, which includes zero" if found.low <= 0 <= found.high else interval


def _order(curves: Curves) -> str:
    than = "more than" if curves.p_value <= SIGNIFICANT else "no more than"
    chance = f"{than} in random orders (p = {curves.p_value:.3f})"
    return f"Taken away in its order, tokens move Δℓ {chance}."


def _number(value: float) -> str:
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text.replace("-", "−")

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import pytest
import torch
from attrs import evolve

from attribution.errors import InvalidRequest
from attribution.faithfulness import measure
from attribution.faithfulness.occlusion import Occlusion
from attribution.schema import Faithfulness, Perturbation
from tests.attribution.faithfulness.reference import (
    MASK,
    NEUTRAL,
    SUBSTITUTE,
    contrast,
    naive_without,
)
from tests.attribution.lrp.tiny import Shape, build, tokens

N = 50
ELIGIBLE = tuple(k for k in range(1, N) if k % 7)  # 42 tokens
SEGMENTS = [(1, 7), (8, 14), (15, 21), (22, 28), (29, 42)]


@cache
def model() -> Any:
    return build(Shape())


def occlusion() -> Occlusion:
    return Occlusion(model(), tokens(N), contrast, NEUTRAL)


def silent(_message: str, _fraction: float) -> None:
    pass


@cache
def effects() -> torch.Tensor:
    """(N,) float64: what masking each token does."""
    one = occlusion()
    return one.base - one.without([{k} for k in range(N)], MASK)


def noise(seed: int) -> torch.Tensor:
    return torch.randn(N, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def full(relevance: torch.Tensor, **options: Any) -> Faithfulness:
    return measure.full(occlusion(), relevance, ELIGIBLE, "lrp", report=silent, **options)


def estimate(relevance: torch.Tensor, **options: Any) -> Faithfulness:
    options = {"report": silent, **options}
    return measure.estimate(occlusion(), relevance, ELIGIBLE, SEGMENTS, "lrp", **options)


# Everything measured


def test_a_map_that_knows_everything() -> None:
    found = full(effects())
    masked, replaced = found.agreements
    assert (found.method, found.complete, found.segments) == ("lrp", True, ())
    assert masked.perturbation is MASK
    assert replaced.perturbation is SUBSTITUTE
    assert masked.spearman.low == masked.spearman.value == masked.spearman.high == 1.0
    assert masked.top_overlap.value == 1.0
    assert masked.measured == masked.of == len(ELIGIBLE)
    assert found.message.startswith("Relevance ranks tokens")
    assert found.curves is not None
    assert found.curves.gap > 0  # tokens work together, so that no more can be promised
    assert found.seconds > 0


def test_a_map_that_knows_nothing() -> None:
    found = full(noise(3))
    assert "read it as a guess" in found.message
    assert "no more than in random orders" in found.message
    assert found.curves is not None
    assert found.curves.p_value > 0.05


def test_a_map_turned_upside_down() -> None:
    whole, turned = full(effects()), full(-effects())
    assert whole.curves is not None
    assert turned.curves is not None
    assert turned.agreements[0].spearman.value == -1.0
    assert turned.curves.morf == pytest.approx(whole.curves.lerf)
    assert turned.curves.gap == pytest.approx(-whole.curves.gap)
    assert turned.curves.p_value > 0.5
    assert "ρ = −1.00 with tokens masked" in turned.message


def test_effects_and_curves_against_the_plain_way() -> None:
    relevance = noise(1)
    found = full(relevance, fractions=(0.5, 1.0), orders=2)
    for one in found.effects:
        assert one.tokens == ELIGIBLE
        for token in (1, 24, 48):
            without = naive_without(model(), tokens(N), {token}, one.perturbation)
            effect = one.effects[ELIGIBLE.index(token)]
            assert effect == pytest.approx(occlusion().base - without, rel=1e-9, abs=1e-11)
    curves = found.curves
    assert curves is not None
    order = sorted(ELIGIBLE, key=lambda token: -float(relevance[token]))
    half, everything = set(order[:21]), set(ELIGIBLE)
    end = naive_without(model(), tokens(N), everything, MASK)
    assert curves.morf == pytest.approx((naive_without(model(), tokens(N), half, MASK), end))
    assert curves.lerf == pytest.approx(
        (naive_without(model(), tokens(N), everything - half, MASK), end)
    )
    assert curves.gap == pytest.approx((curves.lerf[0] - curves.morf[0]) / 2)
    # An order and its reverse share no token at one half, and all at the end.
    assert len(curves.random) == 2
    assert {row[1] for row in curves.random} == {curves.morf[1]}


def test_what_is_alike_is_computed_once() -> None:
    found = full(noise(2), perturbations=[SUBSTITUTE])
    assert [agreement.perturbation for agreement in found.agreements] == [SUBSTITUTE]
    # Two orders of the map and 20 random ones at nine fractions, and one end for all of them.
    same = sum(tokens(N)[k] == NEUTRAL for k in ELIGIBLE)
    assert found.forwards == len(ELIGIBLE) - int(same) + 22 * 9 + 1


def test_it_is_told_how_far_it_is() -> None:
    told: list[tuple[str, float]] = []
    measure.full(
        occlusion(),
        noise(1),
        ELIGIBLE,
        "lrp",
        report=lambda what, share: told.append((what, share)),
    )
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len({what for what, _ in told}) == 3


def test_the_seed_decides_the_random_orders() -> None:
    assert full(noise(1), seed=1).curves == full(noise(1), seed=1).curves
    assert full(noise(1), seed=1).curves != full(noise(1), seed=2).curves


def test_a_constant_map_says_nothing() -> None:
    found = full(torch.zeros(N, dtype=torch.float64))
    assert found.agreements[0].spearman.value == 0.0
    assert "read it as a guess" in found.message


@pytest.mark.parametrize("count", [1, 2, 3])
def test_very_few_tokens(count: int) -> None:
    some = ELIGIBLE[:count]
    whole = measure.full(occlusion(), effects(), some, "lrp", report=silent)
    quick = measure.estimate(occlusion(), effects(), some, [], "lrp", report=silent)
    assert quick.complete
    assert quick.agreements[0] == whole.agreements[0]
    assert "read it as a guess" in whole.message  # so few could be ranked by chance
    assert ("the only token" in quick.message) == (count == 1)


# Estimates


def test_an_estimate_measures_little_and_says_so() -> None:
    found = estimate(effects())
    (agreement,) = found.agreements
    assert not found.complete
    assert found.curves is None
    assert (agreement.measured, agreement.of) == (24, len(ELIGIBLE))
    assert found.forwards == 24 + len(SEGMENTS)
    assert agreement.spearman.value == pytest.approx(1.0)
    assert "much as interventions do (ρ = 1.00, 95 % interval" in found.message
    assert "24 of 42 tokens measured" in found.message
    (measured,) = found.effects
    assert list(measured.tokens) == sorted(set(measured.tokens))
    assert measured.effects == pytest.approx(
        [float(effects()[token]) for token in measured.tokens], rel=1e-9, abs=1e-11
    )
    strongest = sorted(ELIGIBLE, key=lambda token: -abs(float(effects()[token])))[:12]
    assert set(strongest) <= set(measured.tokens)


def test_a_guess_is_called_one() -> None:
    found = estimate(noise(3))
    assert found.agreements[0].spearman.low <= 0 <= found.agreements[0].spearman.high
    assert found.message.startswith("This map does not predict interventions better than chance")
    assert "which includes zero" in found.message


def test_segments_are_masked_whole() -> None:
    found = estimate(effects())
    assert [(one.start, one.end) for one in found.segments] == SEGMENTS
    for one in found.segments:
        places = range(one.start, one.end)
        expected = occlusion().base - naive_without(model(), tokens(N), places, MASK)
        assert one.effect == pytest.approx(expected, rel=1e-9)
        assert one.relevance == pytest.approx(float(effects()[one.start : one.end].sum()))


def test_the_seed_draws_the_others() -> None:
    measured = [estimate(noise(1), seed=seed).effects[0].tokens for seed in (0, 0, 1)]
    assert measured[0] == measured[1] != measured[2]


def clock(step: float) -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += step


def timed(seconds: float, step: float) -> Faithfulness:
    """Every look at the clock takes `step` seconds."""
    ticks = clock(step)
    return estimate(noise(1), seconds=seconds, clock=lambda: next(ticks))


def test_with_time_for_everything_it_is_the_full_figure() -> None:
    found = timed(1e6, 0.1)
    assert found.complete
    assert found.agreements[0] == full(noise(1)).agreements[0]
    assert len(found.segments) == len(SEGMENTS)
    assert "all 42 tokens measured" in found.message
    assert timed(5.0, 0.0).complete  # a clock that stands still


def test_without_time_it_measures_the_least() -> None:
    found = timed(0.0, 1.0)
    assert found.agreements[0].measured == 5 + 8
    assert len(found.segments) == 1
    sums = {segment: abs(float(noise(1)[slice(*segment)].sum())) for segment in SEGMENTS}
    strongest = max(sums, key=lambda segment: sums[segment])
    assert (found.segments[0].start, found.segments[0].end) == strongest


def test_what_was_late_though_it_measured_the_least_says_so() -> None:
    late = timed(2.0, 1.0)
    assert late.agreements[0].measured == 5 + 8
    assert late.message.endswith(
        f"That is the least that says anything; it took {late.seconds:.1f} s instead of 2 s."
    )
    for found in (timed(1e6, 0.1), estimate(noise(1))):
        assert "the least" not in found.message


def test_the_time_counts_from_when_the_caller_began() -> None:
    """A GPU's two seconds: a twentieth for each row, and most of them spent before."""

    def now(occlusion: Occlusion, spent: float) -> float:
        return 100.0 + spent + 0.05 * occlusion.forwards

    measured = []
    for spent in (0.0, 1.5, 1.99):
        one = occlusion()
        found = measure.estimate(
            one,
            noise(1),
            ELIGIBLE,
            SEGMENTS,
            "lrp",
            seconds=2.0,
            report=silent,
            clock=partial(now, one, spent),
            started=100.0,
        )
        assert found.seconds == pytest.approx(spent + 0.05 * one.forwards)
        measured.append(found.agreements[0].measured)
    assert measured[0] > measured[1] >= measured[2] == 13


def test_more_time_measures_more() -> None:
    measured = [timed(seconds, 1.0).agreements[0].measured for seconds in (5, 12, 18, 60)]
    assert measured == sorted(measured)
    assert measured[0] < measured[-1]
    assert timed(6.0, 1.0).seconds < 30


def test_a_batch_grows_only_as_far_as_it_fits() -> None:
    """One second for each row: the time is not overrun by more than the least takes."""
    one = occlusion()

    def tick() -> float:
        return float(one.forwards)

    found = measure.estimate(
        one, noise(1), ELIGIBLE, SEGMENTS, "lrp", seconds=30.0, report=silent, clock=tick
    )
    assert 20 < found.seconds <= 30
    assert found.forwards == found.seconds
    assert found.agreements[0].measured > 13


def test_what_makes_no_sense_is_refused() -> None:
    for arguments in ((noise(1)[1:], ELIGIBLE), (noise(1), ()), (noise(1), (1, 1))):
        with pytest.raises(InvalidRequest):
            measure.full(occlusion(), *arguments, "lrp", report=silent)
        with pytest.raises(InvalidRequest):
            measure.estimate(occlusion(), *arguments, [], "lrp", report=silent)
    for options in ({"perturbations": ()}, {"fractions": (0.0, 1.0)}, {"fractions": ()}):
        with pytest.raises(InvalidRequest):
            full(noise(1), **options)


def test_half_precision_relevance_of_any_device_dtype() -> None:
    found = estimate(effects().to(torch.bfloat16))
    assert found.agreements[0].spearman.value > 0.9
    assert all(isinstance(effect, float) for effect in found.effects[0].effects)
    assert evolve(found, seconds=0.0) == evolve(estimate(effects().bfloat16()), seconds=0.0)
    assert found.agreements[0].perturbation is Perturbation.MASK

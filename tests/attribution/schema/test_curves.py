"""Intervals of pass rates, the steepest fall, and requests that make no sense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.engine.stages.pass_curve import check
from attribution.errors import InvalidRequest
from attribution.faults import drop
from attribution.schema import CurveRequest, ExplainRequest, PassRate


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval(counts: tuple[int, int]) -> None:
    """Its ends are the shares p from which the observed one is 1.96 standard errors away."""
    passed, samples = counts
    point = PassRate.of(3, passed, samples)
    assert 0 <= point.low <= point.rate <= point.high <= 1
    for end in (point.low, point.high):
        error = 1.959964 * (end * (1 - end) / samples) ** 0.5
        assert abs(point.rate - end) == pytest.approx(error, abs=1e-9)
    mirrored = PassRate.of(3, samples - passed, samples)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - point.high, 1 - point.low))


def test_the_interval_of_a_fall() -> None:
    """Newcombe (1998), table II: 56/70 − 48/80 is 0.2, 0.0524 to 0.3339 by method 10."""
    found = PassRate.of(1, 56, 70).fall_to(PassRate.of(2, 48, 80))
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_the_steepest_fall_is_the_first_of_the_largest() -> None:
    points = [PassRate.of(p, passed, 5) for p, passed in ((1, 5), (4, 3), (6, 4), (9, 2), (10, 1))]
    assert drop.steepest(points, 0.2) == (points[0], points[1])
    assert drop.steepest(points[3:], 0.2) == (points[3], points[4])  # 2/5 − 1/5 in floats
    assert drop.steepest(points, 0.5) is None
    assert drop.steepest(points[:1], 0.2) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"samples": 0}, "0 samples"),
        ({"samples": 1001}, "1001 samples"),
        ({"temperature": 0.0}, "temperature is 0.0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"seconds": 0.0}, "budget is 0.0 seconds"),
        ({"seconds": float("inf")}, "budget is inf seconds"),
        ({"drop": 0.0}, "drop is 0.0"),
        ({"drop": 1.5}, "drop is 1.5"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(change: dict[str, float], said: str) -> None:
    check(CurveRequest(ExplainRequest("")))
    with pytest.raises(InvalidRequest, match=said):
        check(CurveRequest(ExplainRequest(""), **change))  # type: ignore[arg-type]

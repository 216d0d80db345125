import numpy as np
import pytest

from attribution.faithfulness.curves import FRACTIONS, Deletion

N = 50


def worth(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=N)


def test_curves_where_every_token_works_by_itself() -> None:
    gains = worth(4)
    right = Deletion.plan(gains, range(N), FRACTIONS, 20, 0)
    curves = right.curves([10.0 - gains[list(places)].sum() for places in right.sets])
    assert curves.fractions == FRACTIONS
    assert list(curves.morf[:4]) == sorted(curves.morf[:4], reverse=True)
    assert curves.gap > 0
    assert curves.p_value == pytest.approx(1 / 21)
    assert len(curves.random) == 20
    for one, other in zip(curves.random[::2], curves.random[1::2], strict=True):
        # The half of an order and of its reverse are the two halves of all tokens.
        assert one[4] + other[4] == pytest.approx(10.0 + one[-1])
    wrong = Deletion.plan(-gains, range(N), FRACTIONS, 19, 0)
    turned = wrong.curves([10.0 - gains[list(places)].sum() for places in wrong.sets])
    assert turned.gap == pytest.approx(-curves.gap)
    assert turned.p_value == 1.0
    assert len(turned.random) == 20  # rounded up


def test_the_p_value_keeps_its_promise() -> None:
    """Maps that know nothing: one in twenty looks significant, no more."""
    gains, found = worth(5), 0
    for seed in range(400):
        plan = Deletion.plan(worth(seed + 100), range(N), (0.5,), 20, seed)
        curves = plan.curves([-gains[list(places)].sum() for places in plan.sets])
        found += curves.p_value <= 0.05
    assert 8 <= found <= 32  # of 400; 18 to be expected


def test_ties_are_broken_by_chance() -> None:
    first = Deletion.plan(np.zeros(30), range(30), FRACTIONS, 20, 0)
    other = Deletion.plan(np.zeros(30), range(30), FRACTIONS, 20, 1)
    assert first.sets[0] != other.sets[0]
    assert first == Deletion.plan(np.zeros(30), range(30), FRACTIONS, 20, 0)


def test_orders_of_few_tokens_share_their_sets() -> None:
    plan = Deletion.plan(np.array([1.0, 2.0]), [4, 6], FRACTIONS, 20, 0)
    assert sorted(plan.sets) == [(4,), (4, 6), (6,)]
    assert [plan.sets[place] for place in plan.places[0][::9]] == [(6,), (4, 6)]

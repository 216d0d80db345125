import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from attribution.faithfulness.statistics import (
    bootstrap,
    exact,
    gap,
    mean_interval,
    overlap_bounds,
    p_value,
    ranks,
    sample_weights,
    spearman,
    top_overlap,
)
from attribution.schema import Estimate

Floats = NDArray[np.float64]
Rows = list[tuple[int, int]]

pairs = st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=2, max_size=30)


def columns(rows: Rows) -> tuple[Floats, Floats]:
    both = np.array(rows, dtype=np.float64)
    return both[:, 0], both[:, 1]


@given(pairs)
def test_spearman_is_scipys_also_with_ties(rows: Rows) -> None:
    a, b = columns(rows)
    if len(set(a)) == 1 or len(set(b)) == 1:
        assert spearman(a, b) == 0.0
    else:
        assert float(spearman(a, b)) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)


@given(pairs, st.data())
def test_a_weight_is_a_number_of_copies(rows: Rows, data: st.DataObject) -> None:
    a, b = columns(rows)
    copies = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(a), max_size=len(a))))
    if copies.sum() == 0:
        return
    for figure in (spearman, top_overlap):
        expected = figure(np.repeat(a, copies), np.repeat(b, copies))
        assert float(figure(a, b, copies.astype(float))) == pytest.approx(float(expected), abs=1e-9)


def test_weights_may_have_rows() -> None:
    a, b = np.array([1.0, 3, 2, 5]), np.array([2.0, 2, 1, 9])
    weights = np.array([[1.0, 1, 1, 1], [2, 0, 1, 4]])
    for figure in (spearman, top_overlap):
        alone = [float(figure(a, b, row)) for row in weights]
        assert figure(a, b, weights).tolist() == pytest.approx(alone)


def test_ranks() -> None:
    assert ranks(np.array([3.0, 1, 3]), np.ones(3)).tolist() == [2.0, 0.5, 2.0]
    assert ranks(np.array([3.0, 1, 2]), np.array([1.0, 4, 2])).tolist() == [6.5, 2.0, 5.0]


def test_nothing_to_rank_is_zero() -> None:
    empty = np.array([])
    assert spearman(empty, empty) == top_overlap(empty, empty) == 0.0
    assert spearman(np.array([1.0]), np.array([2.0])) == 0.0


def test_top_overlap() -> None:
    a = np.array([9.0, -8, 7, 6, -5, 1, 1, 1])
    b = np.array([-9.0, 8, 1, 0, 0, 7, 6, 5])
    assert float(top_overlap(a, b)) == pytest.approx(2 / 5)
    assert float(top_overlap(a, a)) == 1.0
    assert float(top_overlap(a, b, k=2)) == 1.0
    assert float(top_overlap(a[:3], b[:3])) == 1.0  # fewer than five: no choice
    # Where all are alike, five of eight are as good as any: chance.
    assert float(top_overlap(a, np.zeros(8))) == pytest.approx(5 / 8)


def population(generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Relevance and effects with heavy tails and a correlation between about 0.1 and 0.9."""
    n = int(generator.integers(60, 300))
    relevance = generator.standard_t(3, n) * np.exp(generator.normal(size=n))
    noise = generator.uniform(0.2, 4)
    return relevance, 0.5 * relevance + noise * generator.standard_t(3, n)


def sample(
    relevance: Floats, generator: np.random.Generator, others: int = 12
) -> tuple[Any, Any, int]:
    order = np.argsort(-np.abs(relevance))
    tokens = np.concatenate([order[:12], generator.permutation(order[12:])[:others]])
    return tokens, np.arange(len(tokens)) >= 12, len(relevance) - 12


def test_intervals_hold_what_they_promise() -> None:
    inside, counted, errors = 0, 0, []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        a, b = population(generator)
        tokens, drawn, rest = sample(a, generator)
        found = bootstrap(a[tokens], b[tokens], spearman, drawn, rest, seed)
        bounds = overlap_bounds(a[tokens], b[tokens], drawn, rest)
        inside += found.low <= float(spearman(a, b)) <= found.high
        counted += bounds.low <= float(top_overlap(a, b)) + 1e-9 <= bounds.high + 2e-9
        errors.append(found.value - float(spearman(a, b)))
    assert inside >= 180  # of 200
    assert counted >= 190
    assert abs(np.mean(errors)) < 0.05


def test_intervals_close_when_everything_is_measured() -> None:
    generator = np.random.default_rng(5)
    a, b = population(generator)
    tokens, drawn, rest = sample(a, generator, others=len(a))
    whole = bootstrap(a[tokens], b[tokens], spearman, drawn, rest, 0)
    assert whole == exact(spearman(a[tokens], b[tokens]))
    assert whole.value == pytest.approx(float(spearman(a, b)), abs=1e-12)
    assert overlap_bounds(a[tokens], b[tokens], drawn, rest) == exact(top_overlap(a, b))
    tokens, drawn, rest = sample(a, generator, others=len(a) - 14)
    almost = bootstrap(a[tokens], b[tokens], spearman, drawn, rest, 0)
    assert 0 < almost.high - almost.low < 0.05


def test_the_seed_decides() -> None:
    generator = np.random.default_rng(1)
    a, b = population(generator)
    tokens, drawn, rest = sample(a, generator)
    found = [bootstrap(a[tokens], b[tokens], spearman, drawn, rest, seed) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_bounds_of_the_overlap() -> None:
    """Seven measured out of many: five chosen, and two drawn that are weaker than all of them."""
    a, b = np.array([9.0, 8, 7, 6, 5, 1, 1]), np.array([9.0, 8, 7, 6, 5, 1, 1])
    drawn = np.array([False] * 5 + [True] * 2)
    assert overlap_bounds(a, b, drawn, 100) == Estimate(1.0, 0.0, 1.0)
    assert overlap_bounds(a, b, drawn, 2) == Estimate(1.0, 1.0, 1.0)
    # Three are left unseen: they cannot push out the first two.
    assert overlap_bounds(a, b, drawn, 5).low == pytest.approx(2 / 5)
    b[5] = 10.0  # stands for fifty
    found = overlap_bounds(a, b, drawn, 100)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(4 / 5)  # for certain only the fifth is beaten


def test_weights_of_a_sample() -> None:
    assert sample_weights(np.array([False, True, True]), 10).tolist() == [1.0, 5.0, 5.0]
    assert sample_weights(np.array([False]), 0).tolist() == [1.0]


def test_the_mean_over_cases() -> None:
    cases = np.random.default_rng(0).normal(0.3, 0.2, 100).tolist()
    found = mean_interval(cases, 0)
    assert found.value == pytest.approx(np.mean(cases))
    assert found.high - found.low == pytest.approx(
        2 * 1.96 * np.std(cases) / math.sqrt(100), rel=0.15
    )
    assert found == mean_interval(cases, 0)
    assert mean_interval([0.5], 0) == Estimate(0.5, 0.5, 0.5)


def test_gap_and_p_value() -> None:
    assert gap([3.0, 1.0], [4.0, 4.0]) == 2.0
    assert p_value(2.0, [1.0, 2.0, 3.0]) == 3 / 4
    assert p_value(9.0, [0.0] * 19) == 1 / 20

"""Rank agreement of two lists, also where only a sample of it was measured.

Every figure takes weights: how many tokens of the sequence a measured one stands for, 1 for each
where all were measured. `weights` may have leading dimensions (resamples); figures then have them
too. Arrays are float64.
"""

from collections.abc import Callable, Sequence
from math import comb

import numpy as np
from numpy.typing import NDArray

from attribution.schema import Estimate

Floats = NDArray[np.float64]
Statistic = Callable[[Floats, Floats, Floats], Floats]

_RESAMPLES = 1000
_INTERVAL = (2.5, 97.5)  # percentiles
_TAIL = 0.025
_FLAT = 1e-12  # a variance of ranks, which is of the order of m², below this is rounding


def _ties(values: Floats, weights: Floats) -> tuple[NDArray[np.intp], Floats]:
    """The place of each value among the different ones (m,), and their weights (…, different)."""
    found, places = np.unique(values, return_inverse=True)
    return places, weights @ np.eye(len(found))[places]


def ranks(values: Floats, weights: Floats) -> Floats:
    """(m,), (…, m) → (…, m): the weight below each value, and half of that at it."""
    places, at = _ties(values, weights)
    middle: Floats = np.cumsum(at, axis=-1) - at / 2
    return middle[..., places]


def spearman(a: Floats, b: Floats, weights: Floats | None = None) -> Floats:
    """Rank correlation, −1 … 1, mid-ranks for ties; 0 where one side does not vary.

    (m,), (m,), (…, m) → (…).
    """
    weights = np.ones(len(a)) if weights is None else weights
    total = weights.sum(axis=-1, keepdims=True)
    if len(a) == 0:
        return np.zeros(weights.shape[:-1])
    x, y = ranks(a, weights), ranks(b, weights)
    x = x - (weights * x).sum(axis=-1, keepdims=True) / total
    y = y - (weights * y).sum(axis=-1, keepdims=True) / total
    spread = (weights * x * x).sum(axis=-1) * (weights * y * y).sum(axis=-1)
    varies = spread > _FLAT
    found = (weights * x * y).sum(axis=-1) / np.sqrt(np.where(varies, spread, 1.0))
    return np.where(varies, found.clip(-1.0, 1.0), 0.0)


def _membership(values: Floats, weights: Floats, k: Floats) -> Floats:
    """(m,), (…, m), (…, 1) → (…, m): how likely each is one of the k largest of |values|.

    1 or 0 but for ties at the border, which share the places that are left.
    """
    places, at = _ties(-np.abs(values), weights)
    left = k - (np.cumsum(at, axis=-1) - at)
    share = np.clip(left / np.where(at > 0, at, 1.0), 0.0, 1.0)
    return share[..., places]


def top_overlap(a: Floats, b: Floats, weights: Floats | None = None, k: int = 5) -> Floats:
    """Share of the k largest |a| that are among the k largest |b|, 0 … 1; (m,), (m,), (…, m) → (…).

    With fewer than k tokens there is no choice and the share is 1; with none it is 0.
    """
    weights = np.ones(len(a)) if weights is None else weights
    if len(a) == 0:
        return np.zeros(weights.shape[:-1])
    many = np.minimum(float(k), weights.sum(axis=-1, keepdims=True))
    top = weights * _membership(a, weights, many)
    found: Floats = (top * _membership(b, weights, many)).sum(axis=-1) / top.sum(axis=-1)
    return found


def exact(value: Floats | float) -> Estimate:
    """A figure without uncertainty."""
    return Estimate(float(value), float(value), float(value))


def sample_weights(drawn: NDArray[np.bool_], population: int) -> Floats:
    """(m,): 1 for tokens that were chosen, population / drawn for those drawn by chance from it."""
    return np.where(drawn, population / max(int(drawn.sum()), 1), 1.0)


def bootstrap(
    a: Floats,
    b: Floats,
    statistic: Statistic,
    drawn: NDArray[np.bool_],
    population: int,
    seed: int,
) -> Estimate:
    """The figure for all tokens from a sample of them, with a 95 % percentile interval.

    Where `drawn` (m,), a token is one of a random sample, without replacement, out of
    `population` tokens; the others were chosen, and none like them was left out. So only the
    former are resampled: the sample is blown up to the size of its population, and new samples
    are drawn from that without replacement (Booth, Butler and Hall 1994, JASA 89, 1282). The
    interval therefore closes when everything is measured.
    """
    weights = sample_weights(drawn, population)
    value = float(statistic(a, b, weights))
    size = int(drawn.sum())
    if size == population:
        return exact(value)
    generator = np.random.default_rng(seed)
    resampled = np.tile(weights, (_RESAMPLES, 1))
    resampled[:, drawn] *= _counts(size, population, generator)
    low, high = np.percentile(statistic(a, b, resampled), _INTERVAL)
    return Estimate(value, min(float(low), value), max(float(high), value))


def _counts(size: int, population: int, generator: np.random.Generator) -> Floats:
    """(_RESAMPLES, size): how often each token of the sample is in each new one."""
    members = np.tile(np.arange(population), (_RESAMPLES, 1))
    picked = generator.permuted(members, axis=1)[:, :size] % size
    # Where the sizes do not divide, some tokens have a copy more; a shuffle says which.
    owners = generator.permuted(np.tile(np.arange(size), (_RESAMPLES, 1)), axis=1)
    flat = np.take_along_axis(owners, picked, axis=1) + size * np.arange(_RESAMPLES)[:, None]
    counts = np.bincount(flat.ravel(), minlength=_RESAMPLES * size)
    return counts.reshape(_RESAMPLES, size).astype(np.float64)


def overlap_bounds(
    a: Floats, b: Floats, drawn: NDArray[np.bool_], population: int, k: int = 5
) -> Estimate:
    """`top_overlap` from a sample as in `bootstrap`, with an interval of at least 95 %.

    The k largest |a| must be among the chosen. Resampling knows nothing of larger values than
    were seen, so the ends come from counting: a token surely fails where k others beat it, and
    surely counts where seeing so few better ones had a chance below 2.5 % if k were there
    (hypergeometric). A small sample out of many therefore leaves the lower end at 0.
    """
    value = float(top_overlap(a, b, sample_weights(drawn, population), k))
    size = int(drawn.sum())
    if size == population:
        return exact(value)
    sure, possible = 0, 0
    for place in np.argsort(-np.abs(a), kind="stable")[:k]:
        better = np.abs(b) > np.abs(b[place])
        seen, needed = int((better & drawn).sum()), k - int((better & ~drawn).sum())
        possible += seen < needed
        sure += needed > 0 and _at_most(seen, needed, size, population) < _TAIL
    return Estimate(value, min(sure / k, value), max(possible / k, value))


def _at_most(seen: int, marked: int, size: int, population: int) -> float:
    """Chance that a sample of `size` out of `population` holds at most `seen` of those marked."""
    ways = sum(comb(marked, x) * comb(population - marked, size - x) for x in range(seen + 1))
    return ways / comb(population, size) if marked <= population else 0.0


def mean_interval(values: Sequence[float], seed: int) -> Estimate:
    """The mean over independent cases (at least one), with a 95 % bootstrap interval."""
    cases = np.asarray(values, dtype=np.float64)
    generator = np.random.default_rng(seed)
    means = cases[generator.integers(len(cases), size=(_RESAMPLES, len(cases)))].mean(axis=1)
    low, high = np.percentile(means, _INTERVAL)
    return Estimate(float(cases.mean()), float(low), float(high))


def gap(morf: Sequence[float], lerf: Sequence[float]) -> float:
    """Mean of lerf − morf over the fractions, in the curves' units: their area between."""
    return float(np.mean(np.subtract(lerf, morf)))


def p_value(found: float, by_chance: Sequence[float]) -> float:
    """Share of chance results that reach `found`, itself counted, so never 0."""
    return (1 + sum(value >= found for value in by_chance)) / (1 + len(by_chance))

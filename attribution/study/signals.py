"""Which signals bring a proof forward? Orders of the search compared on the same trials.

For each failing sample with a proof, the alternatives that the study judged are put into the order
that each combination of signals gives, and the place of the first one that passes is taken. Only
alternatives that were judged can be compared: a study that ended early flatters its own order.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from statistics import mean, median

from attrs import frozen

from attribution.faults.scoring import score
from attribution.faults.syntax import Kind
from attribution.schema import Origin, Trial

Key = Callable[[Trial], float]


@frozen
class Place:
    """Of the first proof, over the samples that have one; 1 = it was tried first."""

    median: float
    mean: float


def compare(logs: Iterable[tuple[Trial, ...]], origins: tuple[Origin, ...]) -> dict[str, Place]:
    """By the name of the order. `origins`: which trials count (rollouts, or substitutions)."""
    judged = ([t for t in trials if t.origin in origins] for trials in logs)
    samples = [trials for trials in judged if any(t.passed for t in trials)]
    if not samples:
        return {}
    found = {}
    for name, make in _ORDERS.items():
        places = [_first(trials, make(trials)) for trials in samples]
        found[name] = Place(median(places), mean(places))
    return found


def _first(trials: list[Trial], key: Key) -> float:
    ordered = sorted(trials, key=key)
    return next(place for place, trial in enumerate(ordered, 1) if trial.passed)


def _by_score(left_out: str = "") -> Callable[[list[Trial]], Key]:
    def key(trial: Trial) -> float:
        return -score(
            0.0 if left_out == "probability" else trial.log_probability,
            0.0 if left_out == "lines" else trial.suspicion,
            Kind.NAME if left_out == "syntax" else Kind(trial.kind),
        )

    return lambda _trials: key


def _by_margin(trials: list[Trial]) -> Key:
    """The published order: positions where the model hesitated most, each with all its choices."""
    margins: dict[int, float] = {}
    for trial in trials:
        known = margins.get(trial.position, trial.logit_diff)
        margins[trial.position] = min(known, trial.logit_diff)
    return lambda trial: margins[trial.position] + 1e-6 * trial.rank


def _by_entropy(_trials: list[Trial]) -> Key:
    return lambda trial: -trial.entropy + 1e-6 * trial.rank


def _by_chance(trials: list[Trial]) -> Key:
    generator = random.Random(len(trials))
    drawn = {id(trial): generator.random() for trial in trials}
    return lambda trial: drawn[id(trial)]


_ORDERS: Mapping[str, Callable[[list[Trial]], Key]] = {
    "all signals": _by_score(),
    "without probability": _by_score("probability"),
    "without lines": _by_score("lines"),
    "without syntax": _by_score("syntax"),
    "margin": _by_margin,
    "entropy": _by_entropy,
    "chance": _by_chance,
}

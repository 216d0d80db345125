"""Which signals bring a proof forward? Orders of the search compared on the same trials.

For each failing sample with a proof, its alternatives are put into the order that each combination
of signals gives, and the place of the first one that is known to pass is taken. Nearly all of them
(but for words of comments) were judged as substitutions: a place among those is what it would have
been. Of the rollouts only a few were written out before the study ended, and among those alone
every order does equally well. So their place is taken among all alternatives of the sample, and
those that were never written out count as failing. What another order would have proved sooner is
not known: the order of the study is flattered, and the others are judged too severely.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from statistics import mean, median

from attrs import evolve, frozen

from attribution.faults.scoring import score
from attribution.faults.syntax import TokenKind
from attribution.schema import Origin, Trial

Key = Callable[[Trial], float]


@frozen
class RepairRank:
    """Of the first proof, over the samples that have one; 1 = it was tried first."""

    median: float
    mean: float


def compare(
    logs: Iterable[tuple[Trial, ...]], origins: tuple[Origin, ...]
) -> dict[str, RepairRank]:
    """By the name of the order. `origins`: by which trials an alternative passes."""
    judged = (_alternatives(trials, origins) for trials in logs)
    samples = [found for found in judged if any(t.passed for t in found)]
    if not samples:
        return {}
    found = {}
    for name, make in _ORDERS.items():
        places = [_first(trials, make(trials)) for trials in samples]
        found[name] = RepairRank(median(places), mean(places))
    return found


def _alternatives(trials: tuple[Trial, ...], origins: tuple[Origin, ...]) -> list[Trial]:
    """One trial for every single token that was judged in any way; passed: in one of `origins`."""
    found: dict[tuple[int, int], Trial] = {}
    for trial in trials:
        if trial.origin is Origin.TWO_TOKENS:
            continue
        place = trial.position, trial.token
        passed = trial.passed and trial.origin in origins
        if place not in found or passed:
            found[place] = evolve(trial, passed=passed)
    return list(found.values())


def _first(trials: list[Trial], key: Key) -> float:
    ordered = sorted(trials, key=key)
    return next(place for place, trial in enumerate(ordered, 1) if trial.passed)


def _by_score(left_out: str = "") -> Callable[[list[Trial]], Key]:
    def key(trial: Trial) -> float:
        return -score(
            0.0 if left_out == "probability" else trial.log_probability,
            0.0 if left_out == "entropy" else trial.entropy,
            0.0 if left_out == "lines" else trial.suspicion,
            TokenKind.NAME if left_out == "syntax" else TokenKind(trial.kind),
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
    "without entropy": _by_score("entropy"),
    "without lines": _by_score("lines"),
    "without syntax": _by_score("syntax"),
    "margin": _by_margin,
    "entropy": _by_entropy,
    "chance": _by_chance,
}

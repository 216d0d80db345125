"""Trust figures of one attribution: everything measured, or as much as a few seconds allow."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from attrs import evolve, frozen

from attribution.errors import InvalidRequest
from attribution.faithfulness.curves import FRACTIONS, ORDERS, Deletion
from attribution.faithfulness.occlusion import Occlusion
from attribution.faithfulness.statistics import (
    Floats,
    bootstrap,
    exact,
    overlap_bounds,
    spearman,
    top_overlap,
)
from attribution.faithfulness.wording import message, overrun
from attribution.schema import Agreement, Curves, Effects, Faithfulness, Perturbation, SegmentEffect

Report = Callable[[str, float], None]  # what is being done; how much of all is done, 0 … 1

STRONGEST = 12  # tokens by |relevance| that an estimate measures first
OTHERS = 12  # and others, drawn by chance, where no time is given
_LEAST_STRONGEST = 5  # the top-5 overlap needs them
_LEAST_OTHERS = 8  # fewer give intervals that are too narrow
_SEGMENTS_UNTIL = 0.5  # of the time
_STRONGEST_UNTIL = 0.75


def full(
    occlusion: Occlusion,
    relevance: torch.Tensor,
    eligible: Sequence[int],
    method: str,
    *,
    perturbations: Sequence[Perturbation] = tuple(Perturbation),
    fractions: Sequence[float] = FRACTIONS,
    orders: int = ORDERS,
    seed: int = 0,
    report: Report,
) -> Faithfulness:
    """Every eligible token taken away by itself, and the deletion curves (by masking).

    `relevance` (n,) in logit units, of the tokens of `probe`; `eligible` are the positions that
    count. Nothing is estimated: all intervals have equal ends.
    """
    pace, forwards = _Pace(time.perf_counter, None), occlusion.forwards
    _check(occlusion, relevance, eligible)
    if not perturbations:
        raise InvalidRequest("Name a perturbation.")
    ranked = _of(relevance, eligible)
    deletion = Deletion.plan(ranked, eligible, fractions, orders, seed)
    singles = [(token,) for token in eligible]
    rows = len(perturbations) * len(singles) + len(deletion.sets)
    effects = []
    for place, one in enumerate(perturbations):
        done = _row_reporter(report, f"Taking tokens away ({one})", place * len(singles), rows)
        found = occlusion.base - occlusion.without(singles, one, done)
        effects.append(Effects(one, tuple(eligible), tuple(found.tolist())))
    done = _row_reporter(report, "Taking tokens away in order", rows - len(deletion.sets), rows)
    curves = deletion.curves(occlusion.without(deletion.sets, Perturbation.MASK, done).tolist())
    agreements, spent = [_exact(ranked, one) for one in effects], occlusion.forwards - forwards
    return _result(method, agreements, effects, (), curves, spent, pace)


def estimate(
    occlusion: Occlusion,
    relevance: torch.Tensor,
    eligible: Sequence[int],
    segments: Sequence[tuple[int, int]],
    method: str,
    *,
    seconds: float | None = None,
    seed: int = 0,
    report: Report,
    clock: Callable[[], float] = time.perf_counter,
    started: float | None = None,
) -> Faithfulness:
    """The cheap figure: segments, the strongest tokens, and others drawn by chance, all masked.

    `relevance` (n,) in logit units; `eligible` positions; `segments` half-open ranges of
    positions, each masked whole, those of the largest |Σ relevance| first. Without `seconds` it
    measures all segments, STRONGEST and OTHERS tokens. With `seconds` segments may take half of
    them, and others are drawn until the time is up or all are measured; the least that makes
    sense (a segment, 5 strong tokens and 8 others) is measured in any case, and the message says
    so where that took longer. The clock (seconds) is read between batches; it counts from
    `started`, or from now on.
    """
    pace = _Pace(clock, seconds, started)
    forwards = occlusion.forwards
    _check(occlusion, relevance, eligible)
    effects = _segments(occlusion, relevance, segments, pace, report)
    sample = _sample(occlusion, relevance, eligible, pace, seed, report)
    agreement, spent = sample.agreement(relevance, seed), occlusion.forwards - forwards
    found = _result(method, [agreement], [sample.listed()], effects, None, spent, pace)
    least = agreement.measured <= _LEAST_STRONGEST + _LEAST_OTHERS
    if least and seconds is not None and found.seconds > seconds:
        return evolve(found, message=f"{found.message} {overrun(found.seconds, seconds)}")
    return found


def _result(
    method: str,
    agreements: Sequence[Agreement],
    effects: Sequence[Effects],
    segments: tuple[SegmentEffect, ...],
    curves: Curves | None,
    forwards: int,
    pace: "_Pace",
) -> Faithfulness:
    return Faithfulness(
        method=method,
        complete=all(agreement.measured == agreement.of for agreement in agreements),
        agreements=tuple(agreements),
        effects=tuple(effects),
        segments=segments,
        curves=curves,
        forwards=forwards,
        seconds=pace.elapsed(),
        message=message(agreements, curves),
    )


def _check(occlusion: Occlusion, relevance: torch.Tensor, eligible: Sequence[int]) -> None:
    if relevance.shape != (len(occlusion),):
        raise InvalidRequest("The relevance belongs to another sequence.")
    if not eligible:
        raise InvalidRequest("There is no token before the target that could be taken away.")
    if len(set(eligible)) < len(eligible):
        raise InvalidRequest("A token counts twice.")


def _of(relevance: torch.Tensor, tokens: Sequence[int]) -> Floats:
    """(len(tokens),) float64."""
    found: Floats = relevance.detach().double().cpu().numpy()[list(tokens)]
    return found


def _row_reporter(report: Report, what: str, before: int, rows: int) -> Callable[[int], None]:
    return lambda done: report(what, (before + done) / rows)


def _exact(relevance: Floats, measured: Effects) -> Agreement:
    effects = np.array(measured.effects)
    return Agreement(
        perturbation=measured.perturbation,
        spearman=exact(spearman(relevance, effects)),
        top_overlap=exact(top_overlap(relevance, effects)),
        measured=len(effects),
        of=len(effects),
    )


class _Pace:
    """How much of the time is left."""

    def __init__(
        self, clock: Callable[[], float], seconds: float | None, started: float | None = None
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._start = clock() if started is None else started

    @property
    def limited(self) -> bool:
        return self._seconds is not None

    def elapsed(self) -> float:
        return self._clock() - self._start

    def measure(
        self, occlusion: Occlusion, sets: Sequence[Sequence[int]], least: int, until: float
    ) -> list[float]:
        """Effects (logit units) of the first sets: at least `least`, all if the time allows.

        `until` is a share of the time. Batches grow as far as their predecessor promises to fit.
        """
        effects: list[float] = []
        size = min(least, len(sets)) if self.limited else len(sets)
        while size > 0:
            before = self.elapsed()
            batch = sets[len(effects) : len(effects) + size]
            found = occlusion.base - occlusion.without(batch, Perturbation.MASK)
            effects.extend(found.tolist())
            size = min(self._next(len(batch), before, until), len(sets) - len(effects))
        return effects

    def _next(self, rows: int, before: float, until: float) -> int:
        """How many more fit, after `rows` that began at `before`; twice as many at most."""
        if self._seconds is None:
            return 0
        now = self.elapsed()
        left, taken = self._seconds * until - now, now - before
        if left <= 0:
            return 0
        return min(2 * rows, int(rows * left / taken)) if taken > 0 else 2 * rows


def _segments(
    occlusion: Occlusion,
    relevance: torch.Tensor,
    segments: Sequence[tuple[int, int]],
    pace: _Pace,
    report: Report,
) -> tuple[SegmentEffect, ...]:
    """In the order of the text; where the time is short, the weakest are missing."""
    report("Masking segments", 0.0)
    sums = {(start, end): float(relevance[start:end].sum()) for start, end in segments}
    order = sorted(sums, key=lambda segment: -abs(sums[segment]))
    effects = pace.measure(occlusion, [range(*segment) for segment in order], 1, _SEGMENTS_UNTIL)
    found = [
        SegmentEffect(*segment, effect, sums[segment])
        for segment, effect in zip(order, effects, strict=False)
    ]
    return tuple(sorted(found, key=lambda segment: segment.start))


@frozen(eq=False)
class _Sample:
    """Tokens that were measured; those `drawn` by chance stand for `population` of them."""

    tokens: list[int]
    effects: Floats  # (len(tokens),), logit units
    drawn: np.typing.NDArray[np.bool_]  # (len(tokens),)
    population: int

    def listed(self) -> Effects:
        """In the order of the text."""
        order = np.argsort(self.tokens)
        tokens = tuple(self.tokens[place] for place in order)
        return Effects(Perturbation.MASK, tokens, tuple(self.effects[order].tolist()))

    def agreement(self, relevance: torch.Tensor, seed: int) -> Agreement:
        ranked = _of(relevance, self.tokens)
        chosen = len(self.tokens) - int(self.drawn.sum())
        sampled = (self.drawn, self.population)
        return Agreement(
            perturbation=Perturbation.MASK,
            spearman=bootstrap(ranked, self.effects, spearman, *sampled, seed),
            top_overlap=overlap_bounds(ranked, self.effects, *sampled),
            measured=len(self.tokens),
            of=chosen + self.population,
        )


def _sample(
    occlusion: Occlusion,
    relevance: torch.Tensor,
    eligible: Sequence[int],
    pace: _Pace,
    seed: int,
    report: Report,
) -> _Sample:
    """The strongest, then others in random order: wherever it stops, they are a random sample."""
    report("Masking the strongest tokens", 1 / 3)
    order = np.argsort(-np.abs(_of(relevance, eligible)), kind="stable")
    ranked = [eligible[place] for place in order]
    strongest = [(token,) for token in ranked[:STRONGEST]]
    effects = pace.measure(occlusion, strongest, _LEAST_STRONGEST, _STRONGEST_UNTIL)
    chosen = len(effects)
    report("Masking other tokens", 2 / 3)
    rest = np.random.default_rng(seed).permutation(ranked[chosen:]).tolist()
    wanted = rest if pace.limited else rest[:OTHERS]
    effects += pace.measure(occlusion, [(token,) for token in wanted], _LEAST_OTHERS, 1.0)
    tokens = (ranked[:chosen] + rest)[: len(effects)]
    return _Sample(tokens, np.array(effects), np.arange(len(tokens)) >= chosen, len(rest))

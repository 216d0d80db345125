"""What a fault study comes to, as text."""

from collections.abc import Callable, Sequence
from statistics import median

from attribution.faults.ranking import best, is_clear
from attribution.schema import Origin, SearchReport
from attribution.study import signals
from attribution.study.records import Record, TrialLog, outcome_counts

_ROLLOUTS = (Origin.VERIFIED, Origin.SIBLING)


def lines(records: Sequence[Record], trials: Sequence[TrialLog] = ()) -> list[str]:
    """One figure a line."""
    graded = [r for r in records if r.status is not None]
    failed = [r for r in graded if r.failed]
    reports = [r.search for r in failed if r.search is not None]
    told = [
        f"{len(records)} tasks, {len(graded) - sum(r.failed for r in graded)} pass, "
        f"{sum(r.failed for r in graded)} fail, {len(records) - len(graded)} could not be graded"
    ]
    if not failed:
        return told
    told += [
        _share("a proved pair", failed, lambda r: bool(r.pairs)),
        _share("  by going on greedily", failed, lambda r: _has(r, Origin.VERIFIED)),
        _share("  by substitution", failed, lambda r: _has(r, Origin.SUBSTITUTED)),
        _share("  by two tokens only", failed, _two_only),
        _share("a proved pair with Δℓ > 1", failed, lambda r: _has_clear(r, tuple(Origin))),
        _share("  by going on greedily", failed, lambda r: _has_clear(r, (Origin.VERIFIED,))),
        _share("a pivotal pair as far as was tried", failed, _pivotal),
        _share("a pivotal pair for certain", failed, _certain),
        "outcomes: " + ", ".join(f"{n} {end}" for end, n in outcome_counts(failed).items()),
        f"{'':34} {'median':>8} {'90 %':>8}",
    ]
    told += [_spread(name, [float(f(r)) for r in reports]) for name, f in _FIGURES.items()]
    proved = [r.first_seconds for r in reports if r.first_seconds is not None]
    told.append(_spread("seconds to the first proof", proved))
    computed = sum(r.computed_tokens for r in reports)
    plain = sum(r.plain_tokens for r in reports)
    told.append(f"{computed} tokens computed; plain decoding: {plain}")
    for name, origins in (("rollout", _ROLLOUTS), ("substitution", (Origin.SUBSTITUTED,))):
        places = signals.compare([log.trials for log in trials], origins)
        told += [f"place of the first proof by {name}: median, mean"] * bool(places)
        told += [f"  {order:32} {p.median:8.0f} {p.mean:8.1f}" for order, p in places.items()]
    return told


_FIGURES: dict[str, Callable[[SearchReport], float]] = {
    "seconds": lambda s: s.seconds,
    "rollouts": lambda s: s.rollouts,
    "programs tested": lambda s: s.programs,
    "tokens decoded": lambda s: s.decoded_tokens,
    "  of them drafted and verified": lambda s: s.accepted_tokens,
}


def _has(record: Record, origin: Origin) -> bool:
    return any(pair.origin is origin for pair in record.pairs)


def _has_clear(record: Record, origins: Sequence[Origin]) -> bool:
    return any(is_clear(pair) and pair.origin in origins for pair in record.pairs)


def _two_only(record: Record) -> bool:
    return bool(record.pairs) and all(p.origin is Origin.TWO_TOKENS for p in record.pairs)


def _pivotal(record: Record) -> bool:
    """Whether the best pair stands at the last place that is known to rescue the program."""
    pivot = record.search.pivotal if record.search else None
    return pivot is not None and bool(record.pairs) and best(record.pairs).position == pivot


def _certain(record: Record) -> bool:
    return record.search is not None and record.search.pivotal_certain


def _share(name: str, failed: Sequence[Record], holds: Callable[[Record], bool]) -> str:
    count = sum(map(holds, failed))
    return f"{name:34} {count:4} of {len(failed)}  {count / len(failed):4.0%}"


def _spread(name: str, values: Sequence[float]) -> str:
    if not values:
        return f"{name:34}        –"
    ordered = sorted(values)
    high = ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))]
    return f"{name:34} {median(ordered):8.1f} {high:8.1f}"

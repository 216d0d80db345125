"""The right pair among the proved ones."""

import re
from collections.abc import Collection, Sequence
from difflib import SequenceMatcher

from attribution.schema import ContrastPair, Origin, Outcome

CLEAR_CASE = 1.0  # Δℓ above which the paper (arXiv 2604.17761) calls a pair clear
_WORD = re.compile(r"\w+|[^\w\s]")
_TRUST = (Origin.VERIFIED, Origin.SUBSTITUTED, Origin.SIBLING, Origin.TWO_TOKENS, Origin.MANUAL)


def ranked(pairs: Collection[ContrastPair]) -> list[ContrastPair]:
    """Single tokens before two-token repairs, then the smallest repair, then the largest Δℓ.

    Many flips upstream of a bug pass because they restructure the whole program; a small repair
    points at the bug itself.
    """
    return sorted(
        pairs,
        key=lambda p: (
            p.second is not None,
            p.repair_size or 0,
            -p.logit_diff,
            _TRUST.index(p.origin),
        ),
    )


def is_clear(pair: ContrastPair) -> bool:
    """Whether a single token repairs it that the model clearly disliked."""
    return pair.second is None and pair.logit_diff > CLEAR_CASE


def best(pairs: Collection[ContrastPair]) -> ContrastPair:
    return ranked(pairs)[0]


def repair_size(failing: str, repaired: str) -> int:
    """Words and signs that differ between two programs (layout does not count)."""
    a, b = _WORD.findall(failing), _WORD.findall(repaired)
    same = sum(block.size for block in SequenceMatcher(None, a, b, False).get_matching_blocks())
    return len(a) + len(b) - 2 * same


def pivot(pairs: Collection[ContrastPair]) -> int | None:
    """The last position from which a single token still rescues the program."""
    return max((p.position for p in pairs if p.second is None), default=None)


def outcome(
    pairs: Sequence[ContrastPair], *, start: int, length: int, finished: bool, complete: bool
) -> Outcome:
    """How a search of the output positions [start, length) ended."""
    if length <= start:
        return Outcome.EMPTY
    if pairs:
        if complete and all(p.position == start and p.second is None for p in pairs):
            return Outcome.FIRST_TOKEN
        return Outcome.CLEAR if any(map(is_clear, pairs)) else Outcome.WEAK
    if not finished:  # says more than that a budget was spent
        return Outcome.UNFINISHED
    return Outcome.EXHAUSTED if complete else Outcome.BUDGET


def describe(found: Outcome, pairs: Collection[ContrastPair], rollouts: int, programs: int) -> str:
    """One sentence for a person."""
    tried = f"{rollouts} continuations and {programs} programs were tried"
    match found:
        case Outcome.CLEAR | Outcome.WEAK:
            weak = "; all are close calls" if found is Outcome.WEAK else ""
            return f"{_counted(pairs)} the tests pass{weak} ({tried})."
        case Outcome.FIRST_TOKEN:
            return f"Only another first token makes the tests pass: wrong from the start ({tried})."
        case Outcome.EMPTY:
            return "There is no token to try: the model wrote nothing."
        case Outcome.UNFINISHED:
            return (
                "No termination: the model did not end this sample by itself, and no other token "
                f"that was tried makes it end in a program that passes the tests ({tried})."
            )
        case Outcome.EXHAUSTED:
            return f"No other token among the model's choices makes the tests pass ({tried})."
    return (
        f"No other token made the tests pass within the budget ({tried}). "
        "A larger budget (--rollouts, --seconds) tries more."
    )


def _counted(pairs: Collection[ContrastPair]) -> str:
    """E.g. "With another token at one of 3 places"."""
    single = [p for p in pairs if p.second is None]
    if not single:
        return f"With two other tokens ({len(pairs)} ways)"
    places = len({p.position for p in single})
    where = "at one place" if places == 1 else f"at any of {places} places"
    return f"With another token {where} ({len(single)} in all)"

"""Where a curve of pass rates falls, and how that is told."""

from collections.abc import Sequence
from itertools import pairwise

from attribution.samples import segments
from attribution.schema import Generation, PassRate

_ROUNDING = 1e-9  # 3/5 − 2/5 is less than 0.2 in floats


def reaches(a: PassRate, b: PassRate, drop: float) -> bool:
    """Whether the rate falls by at least `drop` from one point to the other."""
    return a.rate - b.rate >= drop - _ROUNDING


def steepest(points: Sequence[PassRate], drop: float) -> tuple[PassRate, PassRate] | None:
    """The neighbours between which the rate falls most: by at least `drop`; the first of equals."""
    falls = [ends for ends in pairwise(points) if reaches(*ends, drop)]
    return max(falls, key=lambda ends: ends[0].rate - ends[1].rate, default=None)


def describe(
    points: Sequence[PassRate], drop: float, generation: Generation, complete: bool
) -> str:
    """The curve in a sentence or two."""
    if not points:
        return "The budget was spent before a single point of the curve was known."
    found = steepest(points, drop)
    if found is not None:
        return _fall(*found, generation, complete)
    first = points[0]
    if not complete:
        return f"Behind the prompt {_share(first)} pass; the rest of the curve is not known yet."
    if not any(point.passed for point in points):
        return (
            f"No sampled continuation passes, not even of the {first.samples} that begin behind "
            f"the prompt (with 95 % confidence fewer than {first.high:.0%} do): the model hardly "
            "solves this task, so there is no token at which it lost the thread."
        )
    last = points[-1]
    return (
        f"Behind the prompt {_share(first)} pass, at the end {_share(last)}; between "
        f"neighbouring points the share falls nowhere by {drop:.0%} or more."
    )


def _fall(a: PassRate, b: PassRate, generation: Generation, complete: bool) -> str:
    fall = a.fall_to(b)
    sizes = f"from {_share(a)} to {_share(b)}"
    if b.position == a.position + 1:
        token = generation.tokens[a.position]
        text = f"With {token.text!r} in line {_line(generation, a.position)} the share that "
    else:
        lines = sorted({_line(generation, p) for p in (a.position, b.position - 1)})
        where = f"line {lines[0]}" if len(lines) == 1 else f"lines {lines[0]} to {lines[-1]}"
        text = f"In {where} ({b.position - a.position} tokens) the share that "
    text += f"passes falls most: {sizes}."
    if fall.low <= 0:
        text += " So few samples do not exclude chance."
    return text if complete else f"{text} The curve is not complete; more time makes it finer."


def _share(point: PassRate) -> str:
    return f"{point.passed} of {point.samples}"


def _line(generation: Generation, position: int) -> int:
    """The line on which the first visible character of this output token stands."""
    text = generation.tokens[position].text
    blank = len(text) - len(text.lstrip()) if text.strip() else 0
    return segments.line(generation, generation.cut(position) + blank)

"""What a person reads of a pass curve, in a terminal and in an editor alike."""

from attribution.schema.curves import PassCurve, PassRate

BAR_WIDTH = 10  # characters at a rate of 1


def passes(point: PassRate) -> str:
    """`12/16`."""
    return f"{point.passed}/{point.samples}"


def interval(point: PassRate) -> str:
    """`51–90 %`."""
    return f"{100 * point.low:.0f}–{100 * point.high:.0f} %"


def bar(point: PassRate) -> tuple[str, str]:
    """The two parts of a bar of BAR_WIDTH characters: what passes, and what does not."""
    filled = round(point.rate * BAR_WIDTH)
    return "█" * filled, "·" * (BAR_WIDTH - filled)


def stretch(curve: PassCurve) -> str:
    """The steepest stretch of a curve that has one, by its length; else empty."""
    if curve.steepest is None:
        return ""
    start, end = curve.steepest
    return f"the steepest stretch: {end - start} tokens"


def fall(curve: PassCurve) -> str:
    """By how much the rate falls across the steepest stretch, to be added to its name."""
    if curve.fall is None:
        return ""
    sizes = f"{curve.fall.value:.0%} ({curve.fall.low:.0%} to {curve.fall.high:.0%})"
    return f", falls by {sizes}"


def cost(curve: PassCurve, *, model: str = "", stopped: bool = False) -> str:
    """A sentence on what was sampled and tested, and on what ended an incomplete curve.

    `stopped`: something else than the budget ended it.
    """
    by = f" by {model}" if model else ""
    early = "it was stopped" if stopped else "the budget was spent"
    end = "." if curve.complete else f"; {early} before the curve was complete."
    return (
        f"{curve.rollouts} continuations{by} at temperature {curve.temperature:g}, "
        f"{curve.programs} programs tested in {curve.seconds:.0f} s{end}"
    )

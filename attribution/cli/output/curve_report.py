"""What the command line prints of a curve of pass rates."""

from rich.console import Console
from rich.text import Text

from attribution.cli.output.terminal import say, visible
from attribution.samples import segments
from attribution.schema import Generation, PassCurve, PassRate

_BAR = 10  # characters at a rate of 1
_HEAD = f"{'line':>5}  {'pass':<{_BAR}}  {'':>7}  {'95 %':<9}  kept │ written next in the sample"


def print_curve(
    curve: PassCurve, generation: Generation, console: Console, *, stopped: bool = False
) -> None:
    """A row per point: where the sample was cut, and how many continuations pass from there.

    `stopped`: something else than the budget ended it.
    """
    early = "it was stopped" if stopped else "the budget was spent"
    console.print()
    say(console, f"Partial: {curve.message}" if stopped else curve.message, "bold")
    console.print()
    if curve.points:
        say(console, _HEAD, "dim")
    for point in curve.points:
        console.print(_row(point, generation), soft_wrap=True)
        if curve.steepest is not None and point.position == curve.steepest[0]:
            say(console, _marker(curve, curve.steepest, generation), "bold red")
    say(
        console,
        f"{curve.rollouts} continuations at temperature {curve.temperature:g}, {curve.programs} "
        f"programs tested in {curve.seconds:.0f} s"
        + ("." if curve.complete else f"; {early} before the curve was complete."),
        "dim",
    )


def _row(point: PassRate, generation: Generation) -> Text:
    full = round(point.rate * _BAR)
    share = f"{point.passed}/{point.samples}"
    interval = f"{100 * point.low:.0f}–{100 * point.high:.0f} %"
    cut = segments.cut(generation, point.position)
    start = generation.code.rfind("\n", 0, cut) + 1
    end = generation.code.find("\n", cut)
    line = visible(generation.code[start:] if end < 0 else generation.code[start:end])
    return Text.assemble(
        f"{segments.line(generation, cut):>5}  ",
        ("█" * full, "green"),
        ("·" * (_BAR - full), "dim"),
        f"  {share:>7}  {interval:<9}  {line[: cut - start]}",
        ("│", "bold"),
        (line[cut - start :], "dim"),
    )


def _marker(curve: PassCurve, steepest: tuple[int, int], generation: Generation) -> str:
    start, end = steepest
    if curve.pivot is not None:
        what = f"pivot: {generation.tokens[start].text!r}"
    else:
        what = f"the steepest stretch: {end - start} tokens"
    if curve.fall is None:
        return f"    ▼  {what}"
    sizes = f"{curve.fall.value:.0%} ({curve.fall.low:.0%} to {curve.fall.high:.0%})"
    return f"    ▼  {what}, falls by {sizes}"

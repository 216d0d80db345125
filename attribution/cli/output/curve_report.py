"""What the command line prints of a curve of pass rates."""

from rich.console import Console
from rich.text import Text

from attribution.cli.output.terminal import say, visible
from attribution.samples import segments
from attribution.schema import Generation, PassCurve, PassRate, curve_text
from attribution.schema.curve_text import BAR_WIDTH

_HEAD = (
    f"{'line':>5}  {'pass':<{BAR_WIDTH}}  {'':>7}  {'95 %':<9}  kept │ written next in the sample"
)


def print_curve(
    curve: PassCurve, generation: Generation, console: Console, *, stopped: bool = False
) -> None:
    """A row per point: where the sample was cut, and how many continuations pass from there.

    `stopped`: something else than the budget ended it.
    """
    console.print()
    say(console, f"Partial: {curve.message}" if stopped else curve.message, "bold")
    console.print()
    if curve.points:
        say(console, _HEAD, "dim")
    for point in curve.points:
        console.print(_row(point, generation), soft_wrap=True)
        if curve.steepest is not None and point.position == curve.steepest[0]:
            say(console, _marker(curve, generation), "bold red")
    say(console, curve_text.cost(curve, stopped=stopped), "dim")


def _row(point: PassRate, generation: Generation) -> Text:
    filled, rest = curve_text.bar(point)
    cut = generation.cut(point.position)
    start = generation.code.rfind("\n", 0, cut) + 1
    end = generation.code.find("\n", cut)
    line = visible(generation.code[start:] if end < 0 else generation.code[start:end])
    return Text.assemble(
        f"{segments.line(generation, cut):>5}  ",
        (filled, "green"),
        (rest, "dim"),
        f"  {curve_text.passes(point):>7}  {curve_text.interval(point):<9}  {line[: cut - start]}",
        ("│", "bold"),
        (line[cut - start :], "dim"),
    )


def _marker(curve: PassCurve, generation: Generation) -> str:
    what = curve_text.stretch(curve)
    if curve.pivot is not None:
        what = f"pivot: {generation.tokens[curve.pivot].text!r}"
    return f"    ▼  {what}{curve_text.fall(curve)}"

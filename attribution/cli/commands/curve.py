"""`tokenblame curve PATH`."""

import argparse
import json
import math
from typing import Any

from attrs import asdict
from rich.console import Console

from attribution.cli.commands.common import Commands, at_least_one, part, positive_seconds
from attribution.cli.commands.sample import add_path_options, answer
from attribution.cli.output.curve_report import print_curve
from attribution.cli.output.explanation_report import print_explanation
from attribution.cli.output.terminal import print_timings, print_verdict
from attribution.errors import TokenBlameError
from attribution.ipc.explanation import Explanation, to_json
from attribution.samples import segments
from attribution.schema import CurveRequest, ExplainRequest, Generation, PassCurve

_DEFAULT = CurveRequest(ExplainRequest(""))


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "curve",
        help="where did the model lose the thread?",
        description="Keep a failing sample up to some token, let the model go on by chance from "
        "there, and run the tests: the share of continuations that pass, along the sample, and "
        "the token with which it falls most.",
    )
    add_path_options(parser)
    parser.add_argument(
        "--samples",
        type=at_least_one,
        default=_DEFAULT.samples,
        help="continuations per point (%(default)s)",
    )
    parser.add_argument(
        "--temperature",
        type=_temperature,
        default=_DEFAULT.temperature,
        help="of sampling (%(default)s)",
    )
    parser.add_argument(
        "--drop",
        type=part,
        default=_DEFAULT.drop,
        help="where the share falls by at least this, look closer (%(default)s)",
    )
    parser.add_argument(
        "--seconds",
        type=positive_seconds,
        default=_DEFAULT.seconds,
        help="budget (%(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    explanation = Explanation()
    try:
        answer(options, lambda explain: _request(options, explain), explanation)
    except (KeyboardInterrupt, TokenBlameError):
        _show(options, explanation, stopped=True)  # minutes of sampling are not thrown away
        raise
    if _show(options, explanation):
        return 0
    print_explanation(explanation, Console(stderr=True, highlight=False))  # the tests pass
    return 1


def _show(options: argparse.Namespace, explanation: Explanation, *, stopped: bool = False) -> bool:
    """Print the curve, also one that was `stopped`; False where not a point of it is known."""
    found, generation = explanation.curve, explanation.generation
    if found is None or generation is None:
        return False
    if options.json:
        print(json.dumps(_to_json(explanation, generation, found), indent=2))
        return True
    console = Console(highlight=False)
    if explanation.verdict is not None:
        print_verdict(explanation.verdict, console)
    print_curve(found, generation, console, stopped=stopped)
    print_timings(explanation.timings, console)
    return True


def _temperature(text: str) -> float:
    """Type of --temperature; at 0 all continuations would be the same."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no temperature above 0")
    return value


def _request(options: argparse.Namespace, explain: ExplainRequest) -> CurveRequest:
    return CurveRequest(
        explain, options.samples, options.temperature, options.seconds, options.drop
    )


def _to_json(explanation: Explanation, generation: Generation, found: PassCurve) -> dict[str, Any]:
    """The figures with what they are about: `offset` counts the code points that were kept."""
    whole = to_json(explanation, "")
    about = {key: whole[key] for key in ("task_id", "model", "form", "retokenized", "verdict")}
    curve = asdict(found)
    for point, row in zip(found.points, curve["points"], strict=True):
        row["offset"] = generation.cut(point.position)
        row["line"] = segments.line(generation, row["offset"])
    return {**about, "curve": curve}

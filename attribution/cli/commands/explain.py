"""`tokenblame explain PATH`."""

import argparse
import json

from rich.console import Console

from attribution.cli.commands.common import Commands
from attribution.cli.commands.sample import add_sample_options, answer
from attribution.cli.output.explanation_report import print_explanation
from attribution.ipc.explanation import to_json


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "explain",
        help="why does this sample fail?",
        description="Run a sample's tests, find the token that broke it and one that repairs it, "
        "and show which tokens made the model prefer the wrong one. The sample is run, in the "
        "sandboxed test runner only.",
    )
    add_sample_options(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    explanation = answer(options, lambda explain: explain)
    if options.json:
        # ASCII: the program's control characters must not reach a terminal.
        print(json.dumps(to_json(explanation, options.model), indent=2))
    else:
        print_explanation(explanation, Console(highlight=False))
    return 0

"""`tokenblame faithfulness PATH`."""

import argparse
import json
from typing import Any

from attrs import asdict
from rich.console import Console

from attribution.cli.commands.common import Commands, positive_seconds
from attribution.cli.commands.sample import add_sample_options, answer
from attribution.cli.output.explanation_report import print_explanation
from attribution.cli.output.graph_report import print_faithfulness
from attribution.ipc.explanation import Explanation, to_json
from attribution.schema import Faithfulness, FaithfulnessRequest


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "faithfulness",
        help="does the explanation predict what interventions do?",
        description="Explain a sample as `tokenblame explain` does, then take tokens away and "
        "compare what happens to Δℓ with what the relevance says. Without --full this is an "
        "estimate: lines first, then the strongest and some random tokens.",
    )
    add_sample_options(parser)
    parser.add_argument(
        "--full",
        action="store_true",
        help="every token, both perturbations, and curves against random orders (minutes)",
    )
    parser.add_argument(
        "--within",
        type=positive_seconds,
        metavar="SECONDS",
        help="budget of the estimate (30; 2 on a GPU)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    explanation = answer(
        options, lambda explain: FaithfulnessRequest(explain, options.full, options.within)
    )
    found, generation = explanation.faithfulness, explanation.generation
    if found is None or generation is None:  # the tests pass, or no pair was proved
        print_explanation(explanation, Console(stderr=True, highlight=False))
        return 1
    if options.json:
        print(json.dumps(_to_json(explanation, found), indent=2))
        return 0
    console = Console(highlight=False)
    print_explanation(explanation, console)
    print_faithfulness(found, generation, console)
    return 0


def _to_json(explanation: Explanation, found: Faithfulness) -> dict[str, Any]:
    """The figures with what they are about: they index into the tokens."""
    whole = to_json(explanation, "")
    about = {key: whole[key] for key in ("task_id", "model", "form", "pair", "attribution")}
    return {**about, "faithfulness": asdict(found)}

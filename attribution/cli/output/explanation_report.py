"""What `tokenblame explain` prints, in the order in which a person asks."""

from rich.console import Console

from attribution.cli.output.pair_report import print_pairs
from attribution.cli.output.terminal import (
    print_completeness,
    print_heat_maps,
    print_strongest,
    print_timings,
    print_verdict,
)
from attribution.ipc.explanation import Explanation


def print_explanation(explanation: Explanation, console: Console) -> None:
    """Everything that was found, also where the request ended early."""
    verdict, generation = explanation.verdict, explanation.generation
    if verdict is not None:
        print_verdict(verdict, console)
    if generation is not None and generation.retokenized:
        console.print(
            "No trace fits this text: it was tokenised anew, so these need not be "
            "the very tokens the model produced.",
            style="dim",
        )
    if generation is not None:
        print_pairs(explanation, generation, console)
    if generation is not None and explanation.attribution is not None:
        print_heat_maps(explanation, generation, explanation.attribution.pair, console)
        print_strongest(explanation, console)
        print_completeness(explanation.attribution, console)
    print_timings(explanation.timings, console)

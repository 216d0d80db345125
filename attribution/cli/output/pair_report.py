"""What the command line prints about contrast pairs: the best one, its repair, and the others."""

import difflib

from rich.console import Console
from rich.table import Table
from rich.text import Text

from attribution.cli.output.terminal import say, visible
from attribution.faults.ranking import CLEAR_CASE, ranked
from attribution.ipc.explanation import Explanation
from attribution.schema import ContrastPair, Generation, Origin, SearchReport

_LISTED = 8  # pairs in the table

_PROOF = {
    Origin.VERIFIED: "the model goes on to a program that passes the tests",
    Origin.SUBSTITUTED: "and all else as it is the tests pass (the model itself would go on "
    "differently)",
    Origin.TWO_TOKENS: "and {second} further on the tests pass",
    Origin.SIBLING: "which the sibling model proposed, the model goes on to a program that passes "
    "the tests",
    Origin.MANUAL: "as you chose, nothing was run",
}


def print_pairs(explanation: Explanation, generation: Generation, console: Console) -> None:
    """The explained pair with its repair as a diff, then what else was proved."""
    if explanation.attribution is not None:
        print_pair(explanation.attribution.pair, generation, console)
    others = ranked(explanation.proved)
    if len(others) > 1:
        console.print(_table(others, generation, explanation.search))
    if explanation.search is not None:
        _print_search(explanation.search, console)


def print_pair(pair: ContrastPair, generation: Generation, console: Console) -> None:
    weak = " (weak: the model hardly preferred it)" if pair.is_weak(CLEAR_CASE) else ""
    console.print()
    console.print(
        Text.assemble(
            f"Line {_line(pair, generation)}: the model wrote ",
            (repr(pair.target.text), "bold red"),
            "; with ",
            (repr(pair.contrast.text), "bold blue"),
            f" (its choice no. {pair.contrast.rank}) {_proof(pair)}. "
            f"Δℓ = {pair.logit_diff:.2f}{weak}.",
        )
    )
    if pair.repaired_program is not None:
        _print_diff(generation.code, pair.repaired_program, console)


def _proof(pair: ContrastPair) -> str:
    """Both tokens of a two-token repair are named: neither of them repairs it alone."""
    second = "a second correction"
    if pair.second is not None:
        second = f"{pair.second.token.text!r} for {pair.second.written.text!r}"
    return _PROOF[pair.origin].replace("{second}", second)


def _print_diff(failing: str, repaired: str, console: Console) -> None:
    diff = difflib.unified_diff(
        failing.removesuffix("\n").split("\n"),
        repaired.removesuffix("\n").split("\n"),
        "failing",
        "repaired",
        n=1,
        lineterm="",
    )
    for row in diff:
        style = {"+": "green", "-": "red"}.get(row[:1], "dim")
        say(console, f"  {row}", style)


def _table(pairs: list[ContrastPair], generation: Generation, search: SearchReport | None) -> Table:
    table = Table(
        "line", "wrote", "instead", "Δℓ", "changed words", "proof", title="Repairs", box=None
    )
    pivot = search.pivotal if search else None
    for pair in pairs[:_LISTED]:
        proof = pair.origin.value
        if pair.position == pivot and pair.second is None:
            certain = search is not None and search.pivotal_certain
            proof += ", pivotal" if certain else ", last so far"
        table.add_row(
            f"{_line(pair, generation)}",
            Text(visible(repr(pair.target.text)), "red"),
            Text(visible(repr(pair.contrast.text)), "blue"),
            f"{pair.logit_diff:.2f}",
            f"{pair.repair_size}",
            proof,
        )
    return table


def _print_search(search: SearchReport, console: Console) -> None:
    say(console, search.message, "dim" if search.proved else "yellow")
    if search.plain_tokens:
        say(console, _cost(search), "dim")
    if search.own_share < 1:
        say(
            console,
            f"The model itself would have written {search.own_share:.0%} of these tokens.",
            "dim",
        )


def _cost(search: SearchReport) -> str:
    """What the continuations have cost in tokens, and what plain decoding would have."""
    return (
        f"{search.decoded_tokens} tokens decoded, {search.accepted_tokens} of them drafted and "
        f"verified; {search.computed_tokens} went through the model, by plain decoding "
        f"{search.plain_tokens}."
    )


def _line(pair: ContrastPair, generation: Generation) -> int:
    return generation.code.count("\n", 0, generation.tokens[pair.position].start) + 1

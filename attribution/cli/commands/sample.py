"""Options of the subcommands that explain a sample, and the request that they make."""

import argparse
import asyncio
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from attribution.cli.commands.common import (
    add_model_options,
    add_sandbox_option,
    ask,
    at_least_one,
    model_settings,
    positive_seconds,
    progress,
    sibling_settings,
)
from attribution.cli.output.explanation_report import print_explanation
from attribution.errors import InvalidRequest, TokenBlameError
from attribution.ipc.client import connect
from attribution.ipc.explanation import Explanation
from attribution.job import Report
from attribution.samples import files
from attribution.schema import METHODS, OBJECTIVES, ExplainRequest, Flip, Form, Request


def add_path_options(parser: argparse.ArgumentParser) -> None:
    """Which sample, and which model; all else of the request is as by default."""
    default = ExplainRequest("")
    parser.set_defaults(
        rollouts=default.rollouts,
        seconds=default.seconds,
        method=default.method,
        objective=default.objective,
        top_k=default.top_k,
        exhaust=False,
        sibling=None,
        at=None,
        instead=None,
    )
    parser.add_argument("path", type=Path, help="sample file, task folder or samples.jsonl")
    parser.add_argument("--task", metavar="ID", help="e.g. HumanEval/65")
    parser.add_argument("--form", type=Form, choices=list(Form), help="how the model was asked")
    add_model_options(parser)
    add_sandbox_option(parser)


def add_sample_options(parser: argparse.ArgumentParser) -> None:
    default = ExplainRequest("")
    add_path_options(parser)
    parser.add_argument(
        "--rollouts",
        type=at_least_one,
        default=default.rollouts,
        help="search budget (%(default)s)",
    )
    parser.add_argument(
        "--seconds",
        type=positive_seconds,
        default=default.seconds,
        help="search budget (%(default)s)",
    )
    parser.add_argument(
        "--top-k",
        type=at_least_one,
        default=default.top_k,
        help="alternatives tried at every token (%(default)s)",
    )
    parser.add_argument(
        "--exhaust",
        action="store_true",
        help="go on searching when a clear pair (Δℓ > 1) is proved: all repairs, and the last "
        "token from which the program can be rescued",
    )
    parser.add_argument(
        "--sibling", metavar="MODEL", help="a stronger model with the same tokens, to be asked, too"
    )
    parser.add_argument(
        "--at",
        type=_place,
        metavar="LINE:COLUMN",
        help="with --instead: explain the token there as it is; nothing is run",
    )
    parser.add_argument("--instead", metavar="TEXT", help="what it is compared with: one token")
    parser.add_argument(
        "--method",
        choices=METHODS,
        default=default.method,
        help="attnlrp (default), cplrp, gradient × input, or integrated gradients",
    )
    parser.add_argument(
        "--objective",
        choices=OBJECTIVES,
        default=default.objective,
        help="what is explained: contrast (target minus contrast, default), target, top (target "
        "minus the mean of the top ten) or mean (target minus the mean of all logits)",
    )


def _place(text: str) -> tuple[int, int]:
    line, _, column = text.partition(":")
    if not (line.isdecimal() and column.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no place; write LINE:COLUMN, e.g. 12:5")
    return int(line), int(column)


def explain_request(options: argparse.Namespace) -> ExplainRequest:
    """Raises InvalidSample where the path names no sample."""
    if (options.at is None) != (options.instead is None):
        raise InvalidRequest("--at and --instead belong together.")
    sample = files.read_sample(options.path, options.task)
    return ExplainRequest(
        code=sample.code,
        path=str(sample.path) if sample.path else None,
        task_id=sample.task_id,
        completion=sample.completion,
        form=options.form,
        settings=model_settings(options),
        flip=Flip(options.at[0], options.at[1], options.instead) if options.at else None,
        rollouts=options.rollouts,
        seconds=options.seconds,
        top_k=options.top_k,
        exhaust=options.exhaust,
        sibling=sibling_settings(options),
        method=options.method,
        objective=options.objective,
        trusted=True,  # the user named this very file
        sandbox=options.sandbox,
    )


def answer(
    options: argparse.Namespace,
    make: Callable[[ExplainRequest], Request],
    found: Explanation | None = None,
) -> Explanation:
    """Send the request that `make` builds around the sample, showing progress.

    Where it ends in an error, what was found until then is shown first: it may have taken minutes.
    It is gathered in `found`, for callers who do more with it.
    """
    request, found = make(explain_request(options)), Explanation() if found is None else found
    try:
        with progress("Starting the engine") as show:
            asyncio.run(_ask(request, show, found))
    except TokenBlameError:
        print_explanation(found, Console(stderr=True, highlight=False))
        raise
    return found


async def _ask(request: Request, show: Report, found: Explanation) -> None:
    async with await connect() as engine:
        await ask(engine, request, show, found)

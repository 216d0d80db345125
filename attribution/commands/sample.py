"""Options of the subcommands that explain a sample, and the request that they make."""

import argparse
import asyncio
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from attribution import samples
from attribution.client import connect
from attribution.commands.common import (
    Show,
    add_model_options,
    ask,
    at_least_one,
    model_settings,
    positive_seconds,
    progress,
)
from attribution.errors import TokenBlameError
from attribution.explanation import Explanation
from attribution.schema import METHODS, OBJECTIVES, ExplainRequest, Form, Request
from attribution.terminal import print_explanation


def add_sample_options(parser: argparse.ArgumentParser) -> None:
    default = ExplainRequest("")
    parser.add_argument("path", type=Path, help="sample file, task folder or samples.jsonl")
    parser.add_argument("--task", metavar="ID", help="e.g. HumanEval/65")
    parser.add_argument("--form", type=Form, choices=list(Form), help="how the model was asked")
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
    add_model_options(parser)


def explain_request(options: argparse.Namespace) -> ExplainRequest:
    """Raises InvalidSample where the path names no sample."""
    sample = samples.read_sample(options.path, options.task)
    return ExplainRequest(
        code=sample.code,
        path=str(sample.path) if sample.path else None,
        task_id=sample.task_id,
        completion=sample.completion,
        form=options.form,
        settings=model_settings(options),
        rollouts=options.rollouts,
        seconds=options.seconds,
        method=options.method,
        objective=options.objective,
        trusted=True,  # the user named this very file
    )


def answer(options: argparse.Namespace, make: Callable[[ExplainRequest], Request]) -> Explanation:
    """Send the request that `make` builds around the sample, showing progress.

    Where it ends in an error, what was found until then is shown first: it may have taken minutes.
    """
    request, found = make(explain_request(options)), Explanation()
    try:
        with progress("Starting the engine") as show:
            asyncio.run(_ask(request, show, found))
    except TokenBlameError:
        print_explanation(found, Console(stderr=True, highlight=False))
        raise
    return found


async def _ask(request: Request, show: Show, found: Explanation) -> None:
    async with await connect() as engine:
        await ask(engine, request, show, found)

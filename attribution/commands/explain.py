"""`tokenblame explain PATH`."""

import argparse
import asyncio
import json
from pathlib import Path

from rich.console import Console

from attribution import samples
from attribution.client import connect
from attribution.commands.common import (
    Commands,
    Show,
    add_model_options,
    ask,
    at_least_one,
    model_settings,
    positive_seconds,
    progress,
)
from attribution.explanation import Explanation, to_json
from attribution.schema import ExplainRequest, Form
from attribution.terminal import print_explanation


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "explain",
        help="why does this sample fail?",
        description="Run a sample's tests, find the token that broke it and one that repairs it, "
        "and show which tokens made the model prefer the wrong one. The sample is run, in the "
        "sandboxed test runner only.",
    )
    parser.add_argument("path", type=Path, help="sample file, task folder or samples.jsonl")
    parser.add_argument("--task", metavar="ID", help="e.g. HumanEval/65")
    parser.add_argument("--form", type=Form, choices=list(Form), help="how the model was asked")
    default = ExplainRequest("")
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
        "--method", default=default.method, help="attnlrp (default), cplrp or gradient"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    add_model_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    sample = samples.read_sample(options.path, options.task)
    request = ExplainRequest(
        code=sample.code,
        path=str(sample.path) if sample.path else None,
        task_id=sample.task_id,
        completion=sample.completion,
        form=options.form,
        settings=model_settings(options),
        rollouts=options.rollouts,
        seconds=options.seconds,
        method=options.method,
        trusted=True,  # the user named this very file
    )
    with progress("Starting the engine") as show:
        explanation = asyncio.run(_ask(request, show))
    if options.json:
        # ASCII: the program's control characters must not reach a terminal.
        print(json.dumps(to_json(explanation, request.settings.model), indent=2))
    else:
        print_explanation(explanation, Console(highlight=False))
    return 0


async def _ask(request: ExplainRequest, show: Show) -> Explanation:
    async with await connect() as engine:
        return await ask(engine, request, show)

"""`tokenblame generate`: EvalPlus samples with traces."""

import argparse
import asyncio
from pathlib import Path

from rich.console import Console

from attribution.cli.commands.common import (
    Commands,
    add_model_options,
    ask,
    at_least_one,
    model_settings,
    progress,
    results,
)
from attribution.cli.output.terminal import print_verdict, say
from attribution.errors import InvalidSample
from attribution.ipc.client import EngineClient, connect
from attribution.job import Report
from attribution.samples import files
from attribution.schema import Form, GenerateRequest, Generation, GradeRequest


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "generate",
        help="let the model solve EvalPlus tasks",
        description="Write one greedy sample per task in EvalPlus' folder format, each with a "
        "trace of its exact tokens. Samples that exist with another text are never overwritten.",
    )
    parser.add_argument("task", nargs="+", metavar="TASK", help="task ids, e.g. HumanEval/65")
    parser.add_argument("--out", type=Path, default=Path("samples"), help="folder (%(default)s)")
    parser.add_argument("--form", type=Form, choices=list(Form), default=Form.DIRECT)
    parser.add_argument(
        "--max-new-tokens", type=at_least_one, default=GenerateRequest(()).max_new_tokens
    )
    parser.add_argument("--grade", action="store_true", help="run the tests of each sample, too")
    add_model_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    with progress("Starting the engine") as show:
        asyncio.run(_generate(options, show))
    return 0


async def _generate(options: argparse.Namespace, show: Report) -> None:
    console = Console(highlight=False)
    request = GenerateRequest(
        tuple(options.task), options.form, model_settings(options), options.max_new_tokens
    )
    made = []
    async with await connect() as engine:
        async for event in results(engine, request, show):
            if isinstance(event, Generation):
                made.append(event)
                say(console, str(files.write_generation(options.out, event)))
        for generation in made if options.grade else ():
            await _grade(engine, generation.task_id, generation.code, show)


async def _grade(engine: EngineClient, task_id: str, code: str, show: Report) -> None:
    """Print the verdict; a sample that cannot be graded does not keep the next from being made."""
    console = Console(highlight=False)
    try:
        verdict = (await ask(engine, GradeRequest(task_id, code, trusted=True), show)).verdict
    except InvalidSample as error:
        say(console, error.message, "red")
        return
    if verdict is not None:
        print_verdict(verdict, console)

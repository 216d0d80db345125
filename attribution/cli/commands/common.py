"""What several subcommands share: model options, progress, requests to the engine."""

import argparse
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import TypeAlias

from rich.console import Console
from rich.text import Text

from attribution.cli.output.terminal import say, visible
from attribution.ipc.client import EngineClient
from attribution.ipc.explanation import Explanation, gather
from attribution.job import Report
from attribution.models.catalogue import CATALOGUE
from attribution.schema import SANDBOXES, Event, ModelSettings, Progress, Request

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_model_options(parser: argparse.ArgumentParser) -> None:
    default = ModelSettings()
    parser.add_argument("--model", default=default.model, help="name, folder or hub id")
    parser.add_argument(
        "--device",
        default=default.device,
        help="auto, cuda, cuda:N, balanced (over all GPUs), mps or cpu",
    )
    parser.add_argument("--dtype", default=default.dtype, help="auto, float32, bfloat16, … or 4bit")


def add_sandbox_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sandbox",
        choices=SANDBOXES,
        default=SANDBOXES[0],
        help="what programs are shut into: the strongest layer that works (auto, default), or just "
        "that one, else nothing is run",
    )


def model_settings(options: argparse.Namespace) -> ModelSettings:
    return ModelSettings(_model(options.model), options.device, options.dtype)


def sibling_settings(options: argparse.Namespace) -> ModelSettings | None:
    """The model of `--sibling`, loaded as the other one."""
    if options.sibling is None:
        return None
    return ModelSettings(_model(options.sibling), options.device, options.dtype)


def _model(named: str) -> str:
    if named in CATALOGUE:  # pinned: a folder that happens to have this name never replaces it
        return named
    # The engine stands in another folder: a local model travels as an absolute path.
    folder = Path(named).expanduser()
    return str(folder.resolve()) if folder.is_dir() else named


def at_least_one(text: str) -> int:
    """Type of an option that counts something."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def positive_seconds(text: str) -> float:
    """Type of an option that is a duration."""
    seconds = _number(text)
    if not (seconds > 0 and math.isfinite(seconds)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def share(text: str) -> float:
    """Type of a threshold (mostly below 1; logit units may be larger)."""
    value = _number(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least 0")
    return value


def part(text: str) -> float:
    """Type of an option that says how much of a whole is kept."""
    value = _number(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0 and up to 1")
    return value


def _number(text: str) -> float:
    """NaN where it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


@contextmanager
def progress(message: str) -> Iterator[Report]:
    """Report progress on standard error: a live line in a terminal, else a line per message."""
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(Text(visible(message))) as status:
            yield lambda event: status.update(Text(visible(describe(event))))
        return
    shown: list[str] = []

    def show(event: Progress) -> None:
        if not shown or shown[-1] != event.message:
            shown.append(event.message)
            say(console, describe(event))

    yield show


def describe(event: Progress) -> str:
    return event.message if event.fraction is None else f"{event.message} ({event.fraction:.0%})"


async def results(engine: EngineClient, request: Request, show: Report) -> AsyncIterator[Event]:
    """What one request answers, as it comes; its progress is shown."""
    async with aclosing(engine.stream(request)) as events:
        async for event in events:
            if isinstance(event, Progress):
                show(event)
            else:
                yield event


async def ask(
    engine: EngineClient, request: Request, show: Report, explanation: Explanation | None = None
) -> Explanation:
    """Send one request to the engine and gather its answer (see `gather`)."""
    async with aclosing(engine.stream(request)) as events:
        return await gather(events, show, explanation)

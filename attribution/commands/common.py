"""What several subcommands share: model options, progress, requests to the engine."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import TypeAlias

from rich.console import Console

from attribution.client import EngineClient
from attribution.explanation import Explanation, gather
from attribution.schema import ModelSettings, Progress, Request

Show: TypeAlias = Callable[[Progress], None]
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_model_options(parser: argparse.ArgumentParser) -> None:
    default = ModelSettings()
    parser.add_argument("--model", default=default.model, help="name, folder or hub id")
    parser.add_argument("--device", default=default.device, help="auto, cuda, cuda:N, mps or cpu")
    parser.add_argument("--dtype", default=default.dtype, help="auto, float32, bfloat16, …")


def model_settings(options: argparse.Namespace) -> ModelSettings:
    # The engine stands in another folder: a local model travels as an absolute path.
    folder = Path(options.model).expanduser()
    model = str(folder.resolve()) if folder.is_dir() else options.model
    return ModelSettings(model, options.device, options.dtype)


@contextmanager
def progress(message: str) -> Iterator[Show]:
    """Show progress on standard error: a live line in a terminal, else a line per message."""
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(message) as status:
            yield lambda event: status.update(describe(event))
        return
    shown: list[str] = []

    def show(event: Progress) -> None:
        if not shown or shown[-1] != event.message:
            shown.append(event.message)
            console.print(describe(event), markup=False, highlight=False)

    yield show


def describe(event: Progress) -> str:
    return event.message if event.fraction is None else f"{event.message} ({event.fraction:.0%})"


async def ask(engine: EngineClient, request: Request, show: Show) -> Explanation:
    """Send one request to the engine and gather its answer."""
    async with aclosing(engine.stream(request)) as events:
        return await gather(events, show)

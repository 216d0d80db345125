"""`tokenblame demo`: the main job on a real failing task, obtained through the language server.

The server is driven by `python -m lsp_server.demo_client`, a small language client that opens a
sample as an editor would and prints what the server shows for it; this package never imports the
server.
"""

import argparse
import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from attrs import evolve
from rich.console import Console
from rich.markdown import Markdown

from attribution.cli.commands.common import (
    Commands,
    add_model_options,
    ask,
    model_settings,
    progress,
)
from attribution.cli.output.terminal import (
    HeatSpan,
    Strong,
    heat_map,
    print_verdict,
    say,
    strongest,
    visible,
)
from attribution.errors import EngineUnavailable
from attribution.ipc.client import connect
from attribution.isolation import python_module
from attribution.job import Report
from attribution.models.catalogue import DEFAULT
from attribution.models.store import default_or_small
from attribution.samples import files
from attribution.schema import (
    GenerateRequest,
    GradeRequest,
    ModelSettings,
    Verdict,
)

RECORD = ".demo"  # for `make editor`: the explained sample, then the model, a line each
# Short prompts, which small models often get wrong. Nothing is known of the outcome: each is
# generated and graded here, and the first that fails and can be repaired ends the demo.
TASKS = ("HumanEval/65", "HumanEval/83", "HumanEval/41", "HumanEval/102", "HumanEval/100")


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "demo",
        help="a real failing program, explained through the language server",
        description="Let the model solve EvalPlus tasks until one fails, then open it in the "
        "language server and print what an editor would show.",
    )
    parser.add_argument("task", nargs="*", default=TASKS, help="task ids to try in turn")
    parser.add_argument("--out", type=Path, default=Path("samples"), help="folder (%(default)s)")
    add_model_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    console = Console(highlight=False)
    settings = model_settings(options)
    if settings.model == DEFAULT:
        with progress("Looking for the default model") as show:
            settings = evolve(settings, model=default_or_small(show))
    for task_id in options.task:
        with progress("Starting the engine") as show:
            path, verdict = asyncio.run(_sample(task_id, options.out, settings, show))
        print_verdict(verdict, console)
        if verdict.passed:
            continue
        say(console, f"Opening {path} in the language server.")
        seen = _look(path, settings)
        if seen["relevance"] and seen["relevance"]["pair"]:
            _print_seen(path, seen, console)
            record = f"{path.resolve()}\n{settings.model}\n"
            (options.out / RECORD).write_bytes(os.fsencode(record))
            return 0
        for diagnostic in seen["diagnostics"]:
            say(console, diagnostic["message"])
    console.print("None of these tasks failed with a repair; name others: tokenblame demo TASK …")
    return 1


async def _sample(
    task_id: str, out: Path, settings: ModelSettings, show: Report
) -> tuple[Path, Verdict]:
    """A fresh sample and its verdict."""
    async with await connect() as engine:
        wanted = GenerateRequest((task_id,), settings=settings)
        generation = (await ask(engine, wanted, show)).generation
        verdict = None
        if generation is not None:
            graded = GradeRequest(task_id, generation.code, trusted=True)
            verdict = (await ask(engine, graded, show)).verdict
    if generation is None or verdict is None:  # the engine ends with both or raises
        raise EngineUnavailable("The engine answered without a sample.")
    return files.write_generation(out, generation), verdict


def _look(path: Path, settings: ModelSettings) -> dict[str, Any]:
    wanted = {"model": settings.model, "device": settings.device, "dtype": settings.dtype}
    command = python_module("lsp_server.demo_client", str(path), "--settings", json.dumps(wanted))
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    seen: dict[str, Any] = json.loads(done.stdout or "{}")
    if not seen or seen["error"]:
        raise EngineUnavailable(seen.get("error") or "The language server said nothing.")
    return seen


def _print_seen(path: Path, seen: dict[str, Any], console: Console) -> None:
    """Diagnostic, heat map and hover as the server sent them."""
    text = path.read_bytes().decode()
    relevance = seen["relevance"]
    heats = [
        HeatSpan(*_offsets(text, span["range"]), span["value"], span["role"] == "template")
        for span in relevance["spans"]
    ]
    for diagnostic in seen["diagnostics"]:
        console.print(f"\n[bold red]Diagnostic[/] line {diagnostic['range']['start']['line'] + 1}")
        say(console, diagnostic["message"])
    console.print("\n[bold]Heat map[/]: red supports what was written, blue what repairs it\n")
    target = _offsets(text, relevance["pair"]["range"])
    console.print(heat_map(text, heats, target), soft_wrap=True)
    console.print(strongest(_named(text, relevance["spans"])))
    if seen["hover"]:
        console.print("[bold]Hover at the faulty token[/]\n")
        console.print(Markdown(visible(seen["hover"])))
    say(console, f"\nNow open it in VS Code: make editor   (the sample is {path})")


def _named(text: str, spans: list[dict[str, Any]]) -> list[Strong]:
    return [
        Strong(
            text[slice(*_offsets(text, s["range"]))],
            s["range"]["start"]["line"] + 1,
            s["role"],
            s["relevance"],
        )
        for s in spans
        if s["role"] != "template"
    ]


def _offsets(text: str, span: dict[str, Any]) -> tuple[int, int]:
    """Code-point offsets of an LSP range whose characters count code points."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    start, end = span["start"], span["end"]
    return starts[start["line"]] + start["character"], starts[end["line"]] + end["character"]

"""`tokenblame study faults`: search the faults of a whole data set."""

import argparse
import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

from attrs import evolve
from rich.console import Console

from attribution.cli.commands.common import (
    Commands,
    add_model_options,
    ask,
    at_least_one,
    model_settings,
    positive_seconds,
    progress,
    results,
    sibling_settings,
)
from attribution.cli.output.terminal import say
from attribution.errors import EngineUnavailable, InvalidRequest, InvalidSample, TokenBlameError
from attribution.grading.grader import Grader
from attribution.ipc.client import EngineClient, connect
from attribution.ipc.explanation import Explanation
from attribution.job import Report
from attribution.samples import files
from attribution.schema import (
    Dataset,
    ExplainRequest,
    Form,
    GenerateRequest,
    Generation,
    Progress,
)
from attribution.study import records, table
from attribution.study.records import TrialLog

_TOGETHER = 40  # tasks that are solved together; the longest of them decodes alone at the end
# What makes a study what it is.
_OPTIONS = (
    "form",
    "device",
    "dtype",
    "max_new_tokens",
    "rollouts",
    "seconds",
    "exhaust",
    "sibling",
    "top_k",
)
_BEFORE = {"top_k": 10}  # of studies that were begun when it could not be chosen


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "study",
        help="measure over a whole data set",
        description="Measure over a whole data set; hours on a CPU. A study that was interrupted "
        "goes on where it was.",
    )
    studies = parser.add_subparsers(title="studies", required=True, metavar="STUDY")
    faults = studies.add_parser(
        "faults",
        help="for how many failures is a token pair proved?",
        description="Let the model solve every task, search the fault of every failure until the "
        "budget is spent, and print a table. The generated programs are run, in the sandboxed "
        "test runner only.",
    )
    default = ExplainRequest("")
    datasets = [Dataset.HUMANEVAL, Dataset.MBPP]
    faults.add_argument("--dataset", type=Dataset, choices=datasets, required=True)
    faults.add_argument("--out", type=Path, default=Path("study"), help="folder (%(default)s)")
    faults.add_argument("--form", type=Form, choices=list(Form), default=Form.DIRECT)
    faults.add_argument("--first", type=int, default=0, metavar="N", help="leave out N tasks")
    faults.add_argument("--stride", type=at_least_one, default=1, help="every so many tasks")
    faults.add_argument("--max-new-tokens", type=at_least_one, default=512)
    faults.add_argument("--rollouts", type=at_least_one, default=default.rollouts)
    faults.add_argument("--seconds", type=positive_seconds, default=60.0, help="a failure")
    faults.add_argument(
        "--top-k", type=at_least_one, default=default.top_k, help="alternatives tried at each token"
    )
    faults.add_argument(
        "--sibling", metavar="MODEL", help="a model with the same tokens, asked, too"
    )
    faults.add_argument(
        "--exhaust", action="store_true", help="spend the budget also where a clear pair is proved"
    )
    faults.add_argument("--report", action="store_true", help="print the table of what is there")
    add_model_options(faults)
    faults.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    folder: Path = options.out / f"{options.dataset}-{options.model.replace('/', '--')}"
    if not options.report:
        folder.mkdir(parents=True, exist_ok=True)
        _same_options(folder / "options.json", options)
        with progress("Starting the engine") as show:
            asyncio.run(_study(options, folder, show))
    found = records.read(folder / "faults.jsonl")
    if not found:
        raise InvalidSample(f"There is no study in {folder}.")
    for line in table.lines(found, records.read_trials(folder / "trials.jsonl")):
        say(Console(highlight=False), line)
    return 0


def _same_options(path: Path, options: argparse.Namespace) -> None:
    """Refuse to go on with other options: the table would mix two studies."""
    chosen = {name: getattr(options, name) for name in _OPTIONS}
    if path.exists() and (before := _BEFORE | json.loads(path.read_text())) != chosen:
        other = ", ".join(f"{n} was {before.get(n)}" for n in chosen if before.get(n) != chosen[n])
        raise InvalidRequest(
            f"The study in {path.parent} was begun with other options ({other}); "
            "use the same, or another --out."
        )
    path.write_text(json.dumps(chosen))


async def _study(options: argparse.Namespace, folder: Path, show: Report) -> None:
    done = {r.task_id for r in records.read(folder / "faults.jsonl") if r.status is not None}
    grader = Grader()
    tasks = await asyncio.to_thread(grader.tasks, options.dataset)
    grader.close()
    todo = [t for t in tasks[options.first :: options.stride] if t not in done]
    async with await connect() as engine:
        for start in range(0, len(todo), _TOGETHER):
            part = todo[start : start + _TOGETHER]
            await _generate(engine, options, folder, part, show)
            for number, task_id in enumerate(part, start + 1):

                def tell(event: Progress, task: str = f"{number}/{len(todo)} {task_id}") -> None:
                    show(evolve(event, message=f"{task}: {event.message}"))

                await _one(engine, options, folder, task_id, tell)


async def _generate(
    engine: EngineClient,
    options: argparse.Namespace,
    folder: Path,
    tasks: Sequence[str],
    show: Report,
) -> None:
    """Write the samples that are not there yet."""
    missing = tuple(t for t in tasks if not _path(folder, t).exists())
    if not missing:
        return
    request = GenerateRequest(
        missing, options.form, model_settings(options), options.max_new_tokens
    )
    async for event in results(engine, request, show):
        if isinstance(event, Generation):
            files.write_generation(folder / "samples", event)


async def _one(
    engine: EngineClient, options: argparse.Namespace, folder: Path, task_id: str, show: Report
) -> None:
    """Search the fault of one sample and write its record."""
    path, found, settings = _path(folder, task_id), Explanation(), model_settings(options)
    trouble: TokenBlameError | None = None
    try:
        sample = files.read_sample(path, task_id)
        request = ExplainRequest(
            sample.code,
            path=str(path.resolve()),
            task_id=task_id,
            settings=settings,
            sibling=sibling_settings(options),
            top_k=options.top_k,
            rollouts=options.rollouts,
            seconds=options.seconds,
            exhaust=options.exhaust,
            trials=True,
            search_only=True,
            trusted=True,
        )
        await ask(engine, request, show, found)
    except EngineUnavailable:  # says nothing about the task
        raise
    except TokenBlameError as error:
        trouble = error
    if found.search is not None:
        records.append(folder / "trials.jsonl", TrialLog(task_id, found.search.trials))
    records.append(folder / "faults.jsonl", records.record_of(task_id, found, trouble))


def _path(folder: Path, task_id: str) -> Path:
    return folder / "samples" / task_id.replace("/", "_") / "0.py"

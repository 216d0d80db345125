"""`tokenblame verify FILE`: replay the repairs of a study."""

import argparse
import asyncio
from pathlib import Path

from rich.console import Console

from attribution.cli.commands.common import (
    Commands,
    add_model_options,
    add_sandbox_option,
    model_settings,
    progress,
    results,
)
from attribution.cli.output.terminal import say
from attribution.errors import InvalidRequest, InvalidSample
from attribution.ipc.client import EngineClient, connect
from attribution.job import Report
from attribution.schema import ModelSettings, Verification, VerifyRequest
from attribution.study import records
from attribution.study.records import Record


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "verify",
        help="replay the repairs of a study",
        description="Replay every recorded flip by plain greedy decoding, compare the program "
        "that comes out with the recorded one, and run its tests. The programs are run in the "
        "sandboxed test runner only.",
    )
    parser.add_argument("file", type=Path, help="faults.jsonl of `tokenblame study faults`")
    parser.add_argument("--task", metavar="ID", help="only this one")
    add_model_options(parser)
    add_sandbox_option(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    if not options.file.is_file():
        raise InvalidSample(f"{options.file} is no file.")
    found = [r for r in records.read(options.file) if options.task in (None, r.task_id) and r.pairs]
    if not found:
        raise InvalidSample(f"{options.file} has no proved pair{' of it' if options.task else ''}.")
    with progress("Starting the engine") as show:
        held, total = asyncio.run(_verify(found, model_settings(options), options.sandbox, show))
    say(Console(highlight=False), f"{held} of {total} repairs hold.")
    return 0 if held == total else 1


async def _verify(
    found: list[Record], settings: ModelSettings, sandbox: str, show: Report
) -> tuple[int, int]:
    held = total = 0
    async with await connect() as engine:
        for record in found:
            total += len(record.pairs)
            try:
                for answer in await _replay(engine, _request(record, settings, sandbox), show):
                    held += answer.holds
                    say(Console(highlight=False), _describe(record, answer))
            except InvalidRequest as error:  # of this record; the others are replayed all the same
                say(Console(highlight=False), error.message, "red")
    return held, total


def _request(record: Record, settings: ModelSettings, sandbox: str) -> VerifyRequest:
    return VerifyRequest(
        task_id=record.task_id,
        form=record.form,
        prompt=record.prompt,
        code=record.code,
        ids=record.ids,
        prompt_length=record.prompt_length,
        fingerprint=record.fingerprint,
        pairs=record.pairs,
        settings=settings,
        trusted=True,  # the user named this very file
        sandbox=sandbox,
    )


async def _replay(engine: EngineClient, request: VerifyRequest, show: Report) -> list[Verification]:
    events = results(engine, request, show)
    return [event async for event in events if isinstance(event, Verification)]


def _describe(record: Record, answer: Verification) -> str:
    pair = answer.pair
    flip = f"{record.task_id}: {pair.target.text!r} → {pair.contrast.text!r} ({pair.origin})"
    if answer.holds:
        return f"{flip} holds"
    if not answer.reproduced:
        return f"{flip} leads to another program{'' if answer.passed else ', which fails'}"
    return f"{flip} leads to the recorded program, which fails"

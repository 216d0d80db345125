"""What the language server costs its user while the engine computes.

    python -m tests.benchmarks.bench_latency [--model MODEL] [--count 200]

Real server, engine and model over stdio. Ten failing samples, one of 2 000 lines and a file of
1 640 samples are open at once, so that the engine has work throughout. What is hovered over and
typed into has been explained before: a hover has something to say, and of an edit it must be found
out what it did. Of the requests, one after the other, the table shows milliseconds on the clock
and, because other work on the machine adds to these, the processor time that the server took for
one on average. Aims: 5 ms at the median, 20 ms at the 99th percentile; the first answer within a
second; 120 MB for the server.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from attribution.models.catalogue import SMALL
from tests.benchmarks.stdio import Client, Message, timed

SERVER = [sys.executable, "-P", "-m", "lsp_server"]
COMMAND = [sys.executable, "-m", "attribution.cli.main", "lsp"]  # what `tokenblame lsp` runs
SAMPLE = (Path(__file__).parents[1] / "e2e" / "vscode" / "sample.py.txt").read_text()
DOCUMENTS = [f"file:///bench/{n}/HumanEval_65/0.py" for n in range(10)]
LONG = "file:///bench/long/HumanEval_65/0.py"
LINES = 2000
COMMENT = f"    # {'=' * 72}\n"  # of few tokens: some 4 000 can be explained
FILE = "file:///bench/samples.jsonl"
ROWS = 1640  # HumanEval with ten samples a task
TEXTS = {  # ten samples that differ, so that none is known already
    **{uri: f"{SAMPLE}\n# {number}\n" for number, uri in enumerate(DOCUMENTS)},
    LONG: SAMPLE + "".join("\n" if n % 4 else COMMENT for n in range(SAMPLE.count("\n"), LINES)),
    FILE: "".join(
        json.dumps({"task_id": f"HumanEval/{number // 10}", "solution": f"{SAMPLE}# {number}\n"})
        + "\n"
        for number in range(ROWS)
    ),
}
EXPLAINED = (*DOCUMENTS[:2], LONG)
PATIENCE = 600.0  # seconds for one heat map, the first loading of the model included

Step = Callable[[], Awaitable[float]]


def is_computing(message: Message) -> bool:
    told = message["method"] == "tokenblame/status"
    return told and bool(message["params"]["state"] == "computing")


def is_end(message: Message) -> bool:
    told = message["method"] == "$/progress"
    return told and bool(message["params"]["value"]["kind"] == "end")


def is_heat_map(message: Message) -> bool:
    return message["method"] == "tokenblame/relevance" and bool(message["params"]["spans"])


class Row(NamedTuple):
    name: str
    times: list[float]  # milliseconds
    processor: float  # the server's own, milliseconds for one


async def starts(name: str, command: list[str], environment: dict[str, str], repeat: int) -> Row:
    """From nothing to the answer to `initialize`."""
    times, processor = [], 0.0
    for _ in range(repeat):
        began = time.perf_counter()
        client = await Client.start(command, environment, {})
        times.append(1000 * (time.perf_counter() - began))
        processor += 1000 * client.cpu()
        await client.stop()
    return Row(name, times, processor / repeat)


async def at_rest(environment: dict[str, str]) -> float:
    """Megabytes of a server with all documents open, before it knows of any engine."""
    client = await Client.start(SERVER, environment, {"run": "manual"})
    open_all(client, TEXTS)
    await client.hover(LONG, 0, 0)
    resident = client.server.memory_info().rss / 1e6
    await client.stop()
    return float(resident)


def open_all(client: Client, uris: Iterable[str]) -> None:
    for uri in uris:
        client.open(uri, TEXTS[uri])


async def explain(client: Client, uri: str) -> None:
    """Open a sample and wait for its heat map.

    It is of the first token that the model wrote, against its second choice: no search has to
    prove that.
    """
    open_all(client, [uri])
    while not (known := await client.ask("tokenblame/details", {"uri": uri}))["choices"]:
        await asyncio.sleep(0.1)
    position, row = known["choices"]["promptLength"], known["choices"]["rows"][0]
    other = next(one["id"] for one in row if not one["written"])
    choice = {"version": 1, "position": position, "contrast": other}
    shown = client.seen(is_heat_map)
    await client.command("tokenblame.attribute", uri, choice)
    assert (await shown)["params"]["uri"] == uri


class Session:
    """The documents in an editor, and what its user does."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._versions = count(2)
        self._places = count()

    async def hover(self) -> float:
        """In the first sample, which is explained; one place after the other."""
        line = next(self._places) % SAMPLE.count("\n")

        async def work() -> None:
            assert await self._client.hover(DOCUMENTS[0], line, 8) is not None

        return await timed(work())

    async def _type(self, uri: str, line: int) -> float:
        """A keystroke and the answer to what the editor asks next."""

        async def work() -> None:
            self._client.type(uri, next(self._versions), line, " ")
            await self._client.hover(uri, line, 2)

        return await timed(work())

    async def type_short(self) -> float:
        return await self._type(DOCUMENTS[1], SAMPLE.count("\n"))

    async def type_long(self) -> float:
        return await self._type(LONG, LINES // 2)

    async def type_samples(self) -> float:
        return await self._type(FILE, ROWS // 2)

    async def lenses(self) -> float:
        """All of a file, as an editor asks once its user pauses: each may have changed."""

        async def work() -> None:
            assert len(await self._client.lenses(FILE)) == 2 * ROWS

        self._client.type(FILE, next(self._versions), ROWS // 2, " ")
        return await timed(work())

    async def cancel(self) -> float:
        """From the cancel of what the engine is at to the end of its progress; resumes it."""
        status = await self._client.seen(is_computing)
        uri = status["params"]["uri"]
        ended = self._client.seen(is_end)
        cancelled = asyncio.ensure_future(self._client.command("tokenblame.cancel", uri))
        took = await timed(ended)
        await cancelled
        await self._client.command("tokenblame.explain", uri)
        return took


async def busy_rows(client: Client, number: int) -> list[Row]:
    """While the engine computes; fails where it does not."""
    session = Session(client)
    steps: list[tuple[str, Step, int]] = [
        ("hover", session.hover, number),
        ("keystroke", session.type_short, number),
        (f"keystroke, {LINES} lines", session.type_long, number),
        (f"keystroke, {ROWS} samples", session.type_samples, number),
        (f"lenses of {ROWS} samples", session.lenses, max(1, number // 4)),
        ("cancel", session.cancel, max(1, number // 4)),
    ]
    found = []
    for name, step, repeat in steps:
        await client.seen(is_computing)
        before = client.cpu()
        times = [await step() for _ in range(repeat)]
        found.append(Row(name, times, 1000 * (client.cpu() - before) / repeat))
        await client.seen(is_computing)
    return found


async def measure(options: argparse.Namespace, environment: dict[str, str]) -> None:
    print(f"{'milliseconds':24}{'p50':>11}{'p99':>11}{'worst':>11}{'processor':>11}")
    for name, command in (("start", SERVER), ("start, `tokenblame lsp`", COMMAND)):
        show(await starts(name, command, environment, options.starts))
    memory = await at_rest(environment)
    settings: Message = {"model": options.model, "search": {"seconds": 600}}
    client = await Client.start(SERVER, environment, settings)
    for uri in EXPLAINED:
        await asyncio.wait_for(explain(client, uri), PATIENCE)
    open_all(client, TEXTS.keys() - set(EXPLAINED))
    await client.lenses(FILE)  # as an editor does, and once all of them are open
    for row in await busy_rows(client, options.count):
        show(row)
    await client.stop()
    print(f"server without engine, {len(TEXTS)} documents: {memory:.0f} MB")


def show(row: Row) -> None:
    cuts = quantiles(row.times, n=100, method="inclusive") if len(row.times) > 1 else row.times * 99
    figures = (median(row.times), cuts[98], max(row.times), row.processor)
    print(f"{row.name:24}" + "".join(f"{figure:11.1f}" for figure in figures), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_latency", description=__doc__)
    parser.add_argument("--model", default=SMALL, help="name, folder or hub id (%(default)s)")
    parser.add_argument("--count", type=int, default=200, help="requests of a kind (%(default)s)")
    parser.add_argument("--starts", type=int, default=5, help="starts of the server (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tb") as folder:
        environment = {"TOKENBLAME_RUNTIME_DIR": folder}
        try:
            asyncio.run(measure(options, environment))
        finally:
            stop = [sys.executable, "-m", "attribution.cli.main", "engine", "stop"]
            subprocess.run(
                stop, env={**os.environ, **environment}, check=False, capture_output=True
            )


if __name__ == "__main__":
    main()

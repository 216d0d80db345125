"""`tokenblame engine status|stop`."""

import argparse
import asyncio

from rich.console import Console
from rich.table import Table

from attribution.cli.commands.common import Commands
from attribution.errors import EngineUnavailable, ProtocolMismatch
from attribution.ipc.client import connect
from attribution.ipc.handover import end_by_signal
from attribution.ipc.runtime_folder import log_path, pid_path
from attribution.schema import EngineStatus, StatusRequest, StopRequest


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "engine",
        help="the resident process that owns the model",
        description="The engine starts on first use, serves every editor window, and leaves after "
        "TOKENBLAME_IDLE_SECONDS (default 1800) without work.",
    )
    parser.add_argument("action", choices=("status", "stop"))
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    return asyncio.run(_status() if options.action == "status" else _stop())


async def _status() -> int:
    console = Console(highlight=False)
    try:
        engine = await connect(start=False)
    except ProtocolMismatch as error:
        console.print(error.message, markup=False)
        return 1
    except EngineUnavailable as error:
        console.print(error.message, markup=False)
        return 0
    async with engine:
        async for event in engine.stream(StatusRequest()):
            if isinstance(event, EngineStatus):
                console.print(_table(event))
    return 0


def _table(status: EngineStatus) -> Table:
    table = Table(show_header=False, box=None)
    rows = {
        "process": f"{status.pid} (version {status.version}, protocol {status.protocol})",
        "up": f"{status.uptime:.0f} s, leaves after {status.idle_timeout:.0f} s without work",
        "model": f"{status.model} on {status.device}, {status.dtype}" if status.model else "none",
        "memory": f"{status.memory / 2**20:.0f} MiB",
        "computing": f"{status.active or 'nothing'}, {status.queued} waiting",
        "log": str(log_path()),
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


async def _stop() -> int:
    try:
        engine = await connect(start=False)
    except ProtocolMismatch:
        pid = end_by_signal(pid_path())
        print(f"The engine of another version (process {pid}) stops.")
        return 0
    except EngineUnavailable as error:
        print(error.message)
        return 0
    async with engine:
        async for _ in engine.stream(StopRequest()):
            pass
    print("The engine stops.")
    return 0

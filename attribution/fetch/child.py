"""Run a child process that can be given up at any time and says how far it is.

Downloads and conversions run in children: killing one frees its memory and its connections at
once, whatever library hangs inside it. Those of our own answer in lines of JSON.
"""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from attrs import frozen

_TICK = 0.25  # seconds between two looks at the child
_ERROR_TAIL = 4000  # bytes


@frozen
class ChildExit:
    """How a child ended."""

    status: int  # exit status, or minus the signal
    errors: str  # the end of its standard error

    @property
    def disk_full(self) -> bool:
        return "No space left on device" in self.errors or "Disk quota exceeded" in self.errors

    @property
    def last_error(self) -> str:
        """Its last words, for a message."""
        lines = [line.strip() for line in self.errors.splitlines() if line.strip()]
        told = [line for line in lines if line.startswith("ERROR:")] or lines
        return told[-1] if told else f"it ended with status {self.status}"


def json_lines() -> Callable[..., None]:
    """For the child: a function that prints its keyword arguments as one line of JSON.

    From now on file descriptor 1 leads to standard error, so that no library's print gets
    between the lines.
    """
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**fields: object) -> None:
        print(json.dumps(fields), file=out, flush=True)

    return say


def parse(line: str) -> dict[str, Any]:
    """What a child's `say` printed."""
    fields: dict[str, Any] = json.loads(line)
    return fields


def run(
    command: Sequence[str],
    cwd: Path,
    *,
    env: Mapping[str, str],
    tick: Callable[[], None],
    line: Callable[[str], None],
) -> ChildExit:
    """Run `command` to its end; `line` gets what it prints.

    `tick` is called several times a second; where it (or `line`) raises, the child and all it
    started are killed before the error goes on. `env` is added to this process' environment.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # its own group, so that its children can be killed, too
        )
        assert process.stdout is not None
        try:
            _follow(process.stdout, tick, line)
            status = _wait(process, tick)
        except BaseException:  # Cancelled and Ctrl-C above all
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            process.stdout.close()
        return ChildExit(status, _tail(errors))


def _wait(process: subprocess.Popen[bytes], tick: Callable[[], None]) -> int:
    while True:
        tick()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(_TICK)


def _follow(stream: IO[bytes], tick: Callable[[], None], line: Callable[[str], None]) -> None:
    """Read lines until the stream ends, ticking meanwhile."""
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            tick()
            if not selector.select(_TICK):
                continue
            data = os.read(stream.fileno(), 65536)
            *complete, pending = (pending + data).split(b"\n")
            for each in complete:
                line(each.decode(errors="replace"))
            if not data:
                return


def _tail(errors: IO[bytes]) -> str:
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - _ERROR_TAIL))
    return errors.read().decode(errors="replace")

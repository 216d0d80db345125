"""The test runner as the grader sees it: start, ask, cancel, end."""

import contextlib
import itertools
import os
import select
import site
import subprocess
import sys
import tempfile
import time
from typing import IO

from attribution.errors import ResourceExhausted, RunnerFailed
from attribution.grading import messages, sandbox
from attribution.ipc import wire
from attribution.isolation import NEUTRAL_FOLDER, python_module
from attribution.job import Checkpoint

_START_SECONDS = 60.0  # it imports numpy: half a second, but perhaps from a cold disk
_ANSWER_SECONDS = 900.0  # far above what EvalPlus' limits allow for one program
_CANCEL_SECONDS = 0.5  # for the runner to end a program, before it is ended itself
_POLL_SECONDS = 0.02


class RunnerDied(RunnerFailed):
    """The runner ended, or spoke nonsense, before it answered."""


class RunnerProcess:
    """One runner inside the sandbox. It starts here and ends with `kill`."""

    def __init__(self, layer: sandbox.Sandbox, checkpoint: Checkpoint) -> None:
        """Start it and wait for its greeting. Raises RunnerFailed with what it printed."""
        self._ids = itertools.count(1)
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by kill()
        argv = python_module("attribution.grading.runner")
        try:
            self._process = subprocess.Popen(
                layer.command(argv),
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=_environment(),
                cwd=NEUTRAL_FOLDER,
                start_new_session=True,
            )
        except OSError as error:
            self._log.close()
            raise ResourceExhausted(f"The test runner cannot be started: {error}") from error
        try:
            wire.check_hello(self._answer(0, _START_SECONDS, checkpoint))
        except BaseException:
            self.kill()
            raise

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: messages.Message, checkpoint: Checkpoint) -> object:
        """The runner's reply, which may be Failed.

        Raises RunnerDied, after which the process is gone, and whatever `checkpoint` raises: it
        is called many times a second. The program then ends at once, the runner stays.
        """
        request_id = next(self._ids)
        try:
            self._send(request_id, request)
            return self._answer(request_id, _ANSWER_SECONDS, checkpoint)
        except RunnerDied:
            self.kill()
            raise
        except BaseException:
            self._give_up(request_id)
            raise

    def kill(self) -> None:
        """End the runner and everything in its sandbox."""
        # Programs have sessions of their own and end with the runner (children.py).
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                stream.close()

    def _send(self, request_id: int, value: object) -> None:
        stream = self._process.stdin
        if stream is None or stream.closed:
            raise RunnerDied("The test runner is gone.")
        data = memoryview(wire.encode(request_id, value))
        try:
            while data:  # an unbuffered pipe may take less than all
                data = data[stream.write(data) :]
        except OSError as error:
            raise self._died() from error

    def _answer(self, request_id: int, seconds: float, checkpoint: Checkpoint) -> object:
        stream = self._process.stdout
        if stream is None or stream.closed:
            raise RunnerDied("The test runner is gone.")
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            checkpoint()
            if not select.select([stream], [], [], _POLL_SECONDS)[0]:
                continue
            try:
                frame = wire.read_blocking(stream, messages)
            except (EOFError, OSError, wire.BrokenFrame) as error:
                raise self._died() from error
            if frame.id == request_id:
                return frame.value
        raise RunnerDied(f"The test runner did not answer within {seconds:.0f} s.")

    def _give_up(self, request_id: int) -> None:
        """Have the program ended; end the runner if it does not comply."""
        try:
            self._send(request_id, messages.Cancel())
            self._answer(request_id, _CANCEL_SECONDS, lambda: None)
        except RunnerDied:
            self.kill()

    def _died(self) -> RunnerDied:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - 2000))
        printed = self._log.read().decode(errors="replace").strip()
        code = self._process.returncode
        return RunnerDied(f"The test runner died (exit {code}). {printed}".strip())


def _environment() -> dict[str, str]:
    """Nothing of the user's, in particular no EVALPLUS_TIMEOUT_PER_TASK (EvalPlus compares the
    text with a number)."""
    environment = {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "HOME": "/tmp",
        "TMPDIR": "/tmp",
        "PYTHONPATH": str(sandbox.PACKAGE.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",  # the same program gets the same verdict
        # A thread of OpenBLAS would not survive the fork.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    if site.ENABLE_USER_SITE:  # found through HOME otherwise
        environment["PYTHONUSERBASE"] = site.getuserbase()
    if sys.platform == "darwin":
        environment["EVALPLUS_MAX_MEMORY_BYTES"] = "-1"  # macOS refuses the limit
    return environment

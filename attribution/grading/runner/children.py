"""Fork, watch and end the processes that run programs.

Every child gets its own session, resource limits, an empty folder as its temporary one, the null
device as standard streams and one pipe to report on. On Linux it dies with the runner, and what it
leaves behind is killed before the next one starts; elsewhere what changed its session stays.

Not `multiprocessing.Process`, as EvalPlus does: a program that closes its descriptors makes
`join(timeout)` wait for ever, and one that dies holding a shared value's lock blocks its reader.
"""

import contextlib
import ctypes
import functools
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from attrs import frozen

from attribution.grading.runner.evalplus_parts import query_maximum_memory_bytes

_REPORT = 3  # the child's descriptor of the report pipe
_CHUNK = 1 << 16
_LONGEST_NAP = 0.02  # seconds between two looks at a child that runs
_PATIENCE = 1.0  # seconds to end what a program left behind
_LIMITS = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_CPU: 300,  # seconds; a suite gets about 60 of wall time
    resource.RLIMIT_FSIZE: 16 * 2**20,
    resource.RLIMIT_NOFILE: 64,
}
_PROCESSES = 64  # threads and processes; counted per user, thus only in a user namespace

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Control(Protocol):
    """Where the runner hears from its client while a child runs."""

    def fileno(self) -> int: ...

    def handle(self) -> None:
        """Read what is there; raises Cancelled when the client gave up."""
        ...


@frozen
class ChildExit:
    """How a child ended."""

    report: bytes  # what it wrote to its pipe
    exit_code: int | None  # negative: the signal that killed it; None: ended from here
    seconds: float


def adopt_orphans() -> None:
    """Become the parent of whatever a program's processes leave behind (Linux)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def run(
    work: Callable[[int], None],
    overdue: Callable[[float], bool],
    control: Control,
    largest_report: int = 1 << 16,
) -> ChildExit:
    """Run `work(descriptor of the report pipe)` in a child and wait for it.

    The child is killed when `overdue(seconds since its start)` says so, when it reports more
    than `largest_report` bytes, and when `control` raises (which is passed on).
    """
    scratch, limits = tempfile.mkdtemp(prefix="program-"), _limits()
    reader, writer = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _be_child(work, writer, scratch, limits)
    os.close(writer)
    try:
        with _end_of(pid) as ends:
            report, exit_code = _watch(pid, [reader, *ends], overdue, control, largest_report)
    finally:
        os.close(reader)
        _end(pid)
        shutil.rmtree(scratch, ignore_errors=True)
    return ChildExit(report, exit_code, time.monotonic() - started)


@contextlib.contextmanager
def _end_of(pid: int) -> Iterator[list[int]]:
    """A descriptor that becomes readable when the child ends; none where the system has no such."""
    ends: list[int] = []
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):  # before 5.3, or forbidden
            ends.append(os.pidfd_open(pid))
    try:
        yield ends
    finally:
        for descriptor in ends:
            os.close(descriptor)


def _watch(
    pid: int,
    sources: list[int],
    overdue: Callable[[float], bool],
    control: Control,
    largest_report: int,
) -> tuple[bytes, int | None]:
    """`sources`: the report pipe and, if there is one, the descriptor of the child's end."""
    reader, *end = sources
    report, listened = bytearray(), [control.fileno(), *sources]
    started, delay = time.monotonic(), _LONGEST_NAP if end else 0.001
    while True:
        ready, _, _ = select.select(listened, [], [], delay)
        if control.fileno() in ready:
            control.handle()
        if reader in ready:
            chunk = os.read(reader, _CHUNK)
            report += chunk
            if not chunk:  # closed by the child, which may still run
                listened.remove(reader)
            elif len(report) <= largest_report:
                continue
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            report += _rest(reader, largest_report - len(report))
            return bytes(report), os.waitstatus_to_exitcode(status)
        if overdue(time.monotonic() - started) or len(report) > largest_report:
            return bytes(report), None
        delay = min(delay * 1.5, _LONGEST_NAP)


def _rest(reader: int, size: int) -> bytes:
    """What is left in the pipe; a survivor of the child may hold it open without an end."""
    rest = bytearray()
    os.set_blocking(reader, False)
    with contextlib.suppress(BlockingIOError):
        while len(rest) < size and (chunk := os.read(reader, _CHUNK)):
            rest += chunk
    return bytes(rest)


def _end(pid: int) -> None:
    """Kill the child's session and everything that it left behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up:
        try:
            reaped, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not reaped:
            for orphan in _orphans():  # their own children become ours next
                with contextlib.suppress(ProcessLookupError):
                    os.kill(orphan, signal.SIGKILL)
            time.sleep(0.001)  # they are dying


def _orphans() -> list[int]:
    """The runner's children: adopted ones, since its own has ended."""
    me = os.getpid()
    try:
        return [int(pid) for pid in Path(f"/proc/{me}/task/{me}/children").read_text().split()]
    except OSError:  # not on Linux
        return []


def _be_child(
    work: Callable[[int], None], writer: int, scratch: str, limits: dict[int, int]
) -> None:
    """The child's whole life; never returns."""
    code = 1
    try:
        os.setsid()
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _redirect(writer)
        for name, value in limits.items():
            resource.setrlimit(name, (value, value))
        tempfile.tempdir = scratch
        os.chdir(scratch)
        work(_REPORT)
        code = 0
    finally:
        os._exit(code)


def _redirect(writer: int) -> None:
    """Keep the report pipe alone: the frames to the client are out of reach."""
    null = os.open(os.devnull, os.O_RDWR)
    # Both out of the way of the descriptors that they are about to become.
    null, writer = os.dup(null), os.dup(writer)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.dup2(writer, _REPORT)
    os.closerange(_REPORT + 1, max(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 4096))


@functools.cache
def _limits() -> dict[int, int]:
    """What every child is limited to; found out once, and not by each child for itself."""
    limits = dict(_LIMITS)
    if in_user_namespace():
        limits[resource.RLIMIT_NPROC] = _PROCESSES
    memory = query_maximum_memory_bytes()
    if memory is not None:
        limits[resource.RLIMIT_AS] = memory
    hard = {name: resource.getrlimit(name)[1] for name in limits}
    return {
        name: wanted if hard[name] == resource.RLIM_INFINITY else min(wanted, hard[name])
        for name, wanted in limits.items()
    }


def in_user_namespace() -> bool:
    """Whether this user's processes are counted apart from those outside."""
    try:
        mapping = Path("/proc/self/uid_map").read_text().split()
    except OSError:
        return False
    return mapping != ["0", "0", "4294967295"]

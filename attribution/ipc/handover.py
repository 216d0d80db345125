"""A resident engine of an older version, left over from before an upgrade, makes way.

Only the older of two gives way: two installations side by side would end each other's engines for
ever otherwise.
"""

import os
import re
import signal
from pathlib import Path

from attribution import __version__
from attribution.errors import EngineUnavailable
from attribution.ipc import wire


def is_older(hello: wire.Hello) -> bool:
    """Whether the peer is of an older version than this side."""
    there = hello.protocol, _numbers(hello.version)
    return there < (wire.PROTOCOL, _numbers(__version__))


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def end_by_signal(pid_file: Path) -> int:
    """End an engine that speaks another protocol: signals are what all of them understand.

    Its process id. Raises EngineUnavailable where that is not known.
    """
    try:
        pid = int(pid_file.read_text())
        if not _is_engine(pid):
            raise ProcessLookupError(f"process {pid} is no engine")
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError) as error:
        raise EngineUnavailable(
            f"An engine of another version runs, but its process is not known ({error}). End it "
            f"by hand (look for attribution.engine.service), or log out."
        ) from error
    return pid


def _is_engine(pid: int) -> bool:
    """Whether the process lives, is the user's, and (where /proc tells) is an engine.

    An engine that was killed leaves its number behind, and another process may have got it.
    """
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    if not Path("/proc/self/cmdline").exists():  # macOS
        return True
    return b"attribution.engine.service" in Path(f"/proc/{pid}/cmdline").read_bytes()

"""A resident engine of an older version, left over from before an upgrade, makes way.

Only the older of two gives way: two installations side by side would end each other's engines for
ever otherwise.
"""

from pathlib import Path

import psutil
from packaging.version import InvalidVersion, Version

from attribution import __version__
from attribution.errors import EngineUnavailable
from attribution.ipc import wire

# What the command line of an engine holds: now, and in 0.1.0.
_ENGINE_MODULES = ("attribution.engine.service", "attribution.service")
_OLDEST = Version("0.dev0")


def is_older(hello: wire.Hello) -> bool:
    """Whether the peer is of an older version than this side: by protocol, then by PEP 440.

    A version that is none by PEP 440 counts as older than all.
    """
    there = hello.protocol, _version(hello.version)
    return there < (wire.PROTOCOL, _version(__version__))


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return _OLDEST


def end_by_signal(pid_file: Path) -> int:
    """End an engine that speaks another protocol: signals are what all of them understand.

    Its process id. Raises EngineUnavailable where that is not known.
    """
    try:
        pid = int(pid_file.read_text())
        _engine_process(pid).terminate()
    except (OSError, ValueError, psutil.Error) as error:
        raise EngineUnavailable(
            f"An engine of another version runs, but its process is not known ({error}). End it "
            f"by hand (look for {' or '.join(_ENGINE_MODULES)}), or log out."
        ) from error
    return pid


def _engine_process(pid: int) -> psutil.Process:
    """The process of that number, which is an engine. Raises OSError or psutil.Error.

    An engine that was killed leaves its number behind, and another process may have got it.
    """
    process = psutil.Process(pid)
    if not any(module in process.cmdline() for module in _ENGINE_MODULES):
        raise ProcessLookupError(f"process {pid} is no engine")
    return process

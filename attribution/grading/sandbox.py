"""What the test runner is shut into.

`choose()` gives the strongest layer that works on this machine, `named()` the one that a user asks
for. The runner is started with `command(argv)`, and `describe()` says to a person what that layer
does. A stronger one (seccomp, cgroups, a virtual machine) is one more class with these two methods.

Bubblewrap gives: no network, no other processes in sight, a read-only view of the interpreter,
its packages and this package, a small private /tmp, no home, no capabilities, an empty
environment, death with the engine. Everywhere: resource limits per program (children.py).

What this does NOT cover, even with bubblewrap:
- The kernel: every system call is open to the program (no seccomp filter).
- Memory and CPU as a whole: limits count per process, so a program that forks multiplies them;
  the number of processes is limited for ordinary users only (root is exempt in the kernel).
- The runner itself: programs run under its user in the same sandbox and may kill or trace it,
  or forge their verdict. The grader starts another runner where one died.
- What the interpreter's folders hold: packages and their data are readable.
Without bubblewrap a program can also read and write what the user can, and use the network.
"""

import functools
import os
import shutil
import site
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from attrs import frozen

from attribution.errors import InvalidRequest, SandboxUnavailable
from attribution.isolation import NEUTRAL_FOLDER
from attribution.schema import SANDBOXES

PACKAGE = Path(__file__).resolve().parents[1]  # the `attribution` folder

_PROBE_TIMEOUT = 10.0  # seconds; a start takes milliseconds
_TMP_BYTES = 256 * 2**20  # a tmpfs counts as memory
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache")
_ISOLATION = (
    "--unshare-all",
    "--unshare-user",  # not merely where possible: it carries the limits below
    "--die-with-parent",
    "--new-session",
    *("--cap-drop", "ALL"),
    *("--uid", "1000", "--gid", "1000"),
)
# Newer options, left out where bubblewrap does not know them.
_NEWER = ("--disable-userns",)  # 0.8
_SIZED = ("--size", str(_TMP_BYTES))  # 0.7


class Sandbox(Protocol):
    """A layer around the test runner."""

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` inside."""
        ...

    def describe(self) -> str:
        """One sentence for a person: what it keeps in, and what not."""
        ...


@frozen
class ResourceLimits:
    """No layer around the runner: only the limits that its children get anyway."""

    reason: str  # why there is nothing stronger

    def command(self, argv: Sequence[str]) -> list[str]:
        return list(argv)

    def describe(self) -> str:
        return (
            f"resource limits only ({self.reason}): "
            "programs can use the network and read and write your files"
        )


@frozen
class Bubblewrap:
    """Namespaces by Debian's `bubblewrap`."""

    executable: str
    options: tuple[str, ...]

    def command(self, argv: Sequence[str]) -> list[str]:
        return [self.executable, *self.options, "--", *argv]

    def describe(self) -> str:
        return "bubblewrap: no network, no home, read-only view, private /tmp, resource limits"


@functools.cache
def choose() -> Sandbox:
    """The strongest layer that works here; tried out once per process."""
    if not sys.platform.startswith("linux"):
        return ResourceLimits(f"bubblewrap does not exist on {sys.platform}")
    executable = shutil.which("bwrap")
    if executable is None:
        return ResourceLimits("bubblewrap is not installed; apt-get install bubblewrap")
    problem = ""
    for newer, sized in ((_NEWER, _SIZED), ((), _SIZED), ((), ())):
        sandbox = Bubblewrap(executable, (*_ISOLATION, *newer, *_view(sized)))
        problem = _try_out(sandbox)
        if not problem:
            return sandbox
    return ResourceLimits(f"bubblewrap does not work here: {problem}")


def named(name: str) -> Sandbox:
    """The layer of one of the names in schema.SANDBOXES.

    Raises SandboxUnavailable, saying why, where a layer that was asked for does not work here (it
    is tried out anew each time), and InvalidRequest for another name.
    """
    if name not in SANDBOXES:
        raise InvalidRequest(f"There is no sandbox {name!r}; choose {', '.join(SANDBOXES)}.")
    if name == "limits":
        return ResourceLimits("as it was set")
    strongest = choose()
    if name == "auto" or isinstance(strongest, Bubblewrap):
        return strongest
    choose.cache_clear()
    if isinstance(strongest := choose(), ResourceLimits):
        raise SandboxUnavailable(
            f"The sandbox `{name}` does not work here: {strongest.reason}. Nothing was run. Mend "
            "that, or choose the sandbox `auto`."
        )
    return strongest


def _try_out(sandbox: Sandbox) -> str:
    """Why Python does not run in it, or an empty string."""
    command = sandbox.command([sys.executable, "-I", "-c", "import attrs, ctypes, socket"])
    try:
        done = subprocess.run(
            command,
            cwd=NEUTRAL_FOLDER,
            env={"PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    return (done.stderr.decode(errors="replace").strip() or f"exit {done.returncode}")[-300:]


def _view(sized: tuple[str, ...]) -> list[str]:
    """The mounts: empty root, private /tmp, then what Python needs on top, read-only."""
    options = ["--proc", "/proc", "--dev", "/dev"]
    options += [*sized, "--tmpfs", "/dev/shm", *sized, "--tmpfs", "/tmp"]
    for path in map(Path, _SYSTEM):
        if path.is_symlink():  # /lib -> usr/lib on merged systems
            options += ["--symlink", str(path.readlink()), str(path)]
        elif path.exists():
            options += ["--ro-bind", str(path), str(path)]
    for path in _python_folders():
        options += ["--ro-bind", str(path), str(path)]
    return [*options, "--chdir", "/tmp", "--remount-ro", "/"]


def _python_folders() -> list[Path]:
    """What the interpreter reads: parts of its prefixes, never a whole one (it may be a home)."""
    folders = {PACKAGE}
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, str(_interpreter_prefix())}:
        for part in ("bin", "lib", "lib64", "pyvenv.cfg"):
            # The name as Python uses it and the folder behind it may differ (symlinks).
            folders |= {Path(prefix, part), Path(prefix, part).resolve()}
    folders |= {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib", "stdlib")}
    if site.ENABLE_USER_SITE:
        folders.add(Path(site.getusersitepackages()))
    system = tuple(Path(path) for path in _SYSTEM)
    return sorted(
        path
        for path in folders
        if path.exists() and not any(path.is_relative_to(shown) for shown in system)
    )


def _interpreter_prefix() -> Path:
    return Path(sys.executable).resolve().parents[1]

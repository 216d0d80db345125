"""Start an engine that outlives this client."""

import os
import subprocess
from pathlib import Path

from attribution.errors import EngineUnavailable
from attribution.ipc.runtime_folder import log_path
from attribution.isolation import NEUTRAL_FOLDER, python_module

# Paths in the environment that may be relative to where the client stands.
_PATHS = (
    "HUMANEVAL_OVERRIDE_PATH",
    "MBPP_OVERRIDE_PATH",
    "TOKENBLAME_CACHE_DIR",
    "TOKENBLAME_RUNTIME_DIR",
)
_SPAWNED: list[subprocess.Popen[bytes]] = []  # kept, because a collected Popen complains


def spawn(idle: float | None) -> subprocess.Popen[bytes]:
    """Start the engine, in a session of its own. Raises EngineUnavailable."""
    try:
        log = log_path().open("ab")
    except OSError as error:
        raise EngineUnavailable(f"The engine's log cannot be written: {error}.") from error
    options = [] if idle is None else ["--idle", str(idle)]
    with log:
        process = subprocess.Popen(
            python_module("attribution.engine.service", *options),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=NEUTRAL_FOLDER,
            # Threads that spin at a barrier starve those they wait for on a busy machine, and the
            # test runner alone makes it busy.
            env={"OMP_WAIT_POLICY": "PASSIVE", **os.environ, **_absolute_paths()},
        )
    _SPAWNED.append(process)
    return process


def _absolute_paths() -> dict[str, str]:
    """`_PATHS` of the environment as they mean the same to an engine in another folder."""
    set_here = {name: os.environ[name] for name in _PATHS if os.environ.get(name)}
    return {name: str(Path(value).absolute()) for name, value in set_here.items()}


def log_tail(size: int = 2000) -> str:
    """The last bytes of the engine's log, for a message."""
    try:
        return log_path().read_text(errors="replace")[-size:]
    except OSError:
        return "(no log)"

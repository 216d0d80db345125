"""The folder of the running engine: its socket, its log and its process id."""

import os
import stat
from pathlib import Path

from attribution.errors import EngineUnavailable
from attribution.fetch.cache import cache_folder


def socket_path() -> Path:
    """Where the user's engine listens: a folder that only this user can enter.

    `TOKENBLAME_RUNTIME_DIR` overrides it (tests, several engines side by side).
    """
    override, session = os.environ.get("TOKENBLAME_RUNTIME_DIR"), os.environ.get("XDG_RUNTIME_DIR")
    if override:
        folder = Path(override)
    elif session and Path(session).is_dir():
        folder = Path(session) / "tokenblame"
    else:  # macOS, containers
        folder = cache_folder("run")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EngineUnavailable(
            f"The engine's folder cannot be made: {error}. Set TOKENBLAME_RUNTIME_DIR to a folder "
            "that is yours."
        ) from error
    info = folder.stat()
    if info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & 0o077:
        raise EngineUnavailable(
            f"{folder} must belong to you and be closed to others (chmod 700 {folder})."
        )
    return folder / "engine.sock"


def log_path() -> Path:
    """Where the engine's standard error goes."""
    return socket_path().with_name("engine.log")


def pid_path() -> Path:
    """Where the engine writes its process id, for those who cannot talk to it."""
    return socket_path().with_name("engine.pid")

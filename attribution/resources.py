"""Disk and memory: ask before, and say how much is needed where it runs out."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil

from attribution.errors import ResourceExhausted, Unavailable

_CGROUPS = Path("/sys/fs/cgroup")
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_CLOSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR})
_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def human(size: int) -> str:
    """`size` bytes for a person, in decimal units: 491400064 is "491 MB"."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}" if size < 10 * unit else f"{size // unit} {name}"
    return f"{size} bytes"


def tree_size(folder: Path) -> int:
    """Bytes of the files below `folder`."""
    return sum(_sizes(folder))


def largest_file(folder: Path) -> int:
    """Bytes of the largest file below `folder`, 0 where there is none."""
    return max(_sizes(folder), default=0)


def _sizes(folder: Path) -> Iterator[int]:
    """Sizes of the files; one that vanishes meanwhile does not count."""
    for parent, _folders, names in os.walk(folder):  # unlike rglob, it survives vanishing folders
        for name in names:
            with contextlib.suppress(OSError):
                yield (Path(parent) / name).lstat().st_size


def require_space(folder: Path, needed: int) -> None:
    """Raise ResourceExhausted where the disk that holds `folder` has less than `needed` bytes."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ResourceExhausted(_full_message(folder, needed, free))


def _full_message(folder: Path, needed: int, free: int) -> str:
    return (
        f"The disk is full: {human(needed)} are needed in {folder}, {human(free)} are free. "
        "Make room, or set TOKENBLAME_CACHE_DIR to a folder on a larger disk."
    )


@contextlib.contextmanager
def disk_errors(folder: Path, needed: int) -> Iterator[None]:
    """Turn a full or closed disk into an error that says what to do.

    Raises ResourceExhausted (full) or Unavailable (may not be written); other errors pass.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            free = shutil.disk_usage(_existing(folder)).free
            raise ResourceExhausted(_full_message(folder, needed, free)) from error
        if error.errno in _CLOSED:
            raise Unavailable(
                f"Cannot write to {error.filename or folder} ({error.strerror}). "
                "Set TOKENBLAME_CACHE_DIR to a folder that is yours."
            ) from error
        raise


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def available_memory() -> int:
    """Bytes that this process may still use, container limits included."""
    system = int(psutil.virtual_memory().available)
    container = _container_memory()
    return system if container is None else min(system, container)


def _container_memory() -> int | None:
    """What the tightest control group (version 2) above this process leaves; psutil knows none."""
    try:
        own = Path("/proc/self/cgroup").read_text().rpartition("0::")[2].strip()
    except OSError:
        return None
    group = _CGROUPS / own.lstrip("/")
    groups = [group, *group.parents] if group.is_relative_to(_CGROUPS) else []
    found = [left for path in groups if (left := _group_memory(path)) is not None]
    return min(found, default=None)


def _group_memory(group: Path) -> int | None:
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # no such group, or "max": no limit
        return None
    return limit - used + int(stat.get("inactive_file", 0))  # the page cache gives way


def require_memory(needed: int, what: str) -> None:
    """Raise ResourceExhausted where `what` needs more bytes of memory than there are."""
    available = available_memory()
    if available < needed:
        raise ResourceExhausted(
            f"{what} needs about {human(needed)} of memory, {human(max(0, available))} are "
            "available. Close other programs, or use a smaller model."
        )


def resident_bytes() -> int:
    """Memory that this process holds now, in bytes."""
    return int(psutil.Process().memory_info().rss)

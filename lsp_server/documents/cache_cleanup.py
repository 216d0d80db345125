"""Removes old files from the user's cache: what was made for showing and can be made again."""

import shutil
import time
from contextlib import suppress
from pathlib import Path

from lsp_server.documents.cache import is_unchanged, shown_files

_RETENTION = 30 * 24 * 3600  # seconds since a file was last written, reused or read


def remove_old_files() -> None:
    """Remove reports, graphs and prompts that nobody asked for or read in a month.

    Files that a user has written into are kept, and so are samples that were opened as files.
    """
    before = time.time() - _RETENTION
    patterns = {"reports": "*.md", "graphs": "*.html", "prompts": "*/*.prompt.txt"}
    for part, pattern in patterns.items():
        for path in shown_files(part).glob(pattern):
            with suppress(OSError):  # another server may be at it, too
                times = path.stat()
                if max(times.st_atime, times.st_mtime) < before and is_unchanged(path):
                    _remove(path.parent if part == "prompts" else path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()

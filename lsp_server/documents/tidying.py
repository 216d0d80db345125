"""Takes old files out of the user's cache: what was made for showing and can be made again."""

import shutil
import time
from contextlib import suppress
from pathlib import Path

from lsp_server.documents.cache import as_made, cache_folder

_KEPT = 30 * 24 * 3600  # seconds since a file was last asked for or read


def tidy() -> None:
    """Reports, graphs and prompts that nobody asked for or read in a month are removed.

    What a user has written into them is kept, and so are samples that were opened as files.
    """
    root, before = cache_folder(), time.time() - _KEPT
    for made in ("reports/*.md", "graphs/*.html", "prompts/*/*.prompt.txt"):
        for path in root.glob(made):
            with suppress(OSError):  # another server may be at it, too
                times = path.stat()
                if max(times.st_atime, times.st_mtime) < before and as_made(path):
                    _remove(path if path.parent.parent == root else path.parent)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()

"""Where Token Blame keeps what it has fetched or made."""

import os
from pathlib import Path

import platformdirs


def cache_folder(part: str) -> Path:
    """The folder of one part of the cache (models, data, run, …); it need not exist yet.

    `TOKENBLAME_CACHE_DIR` replaces the user's cache folder (`~/.cache/tokenblame` on Linux,
    `~/Library/Caches/tokenblame` on macOS) for all parts alike.
    """
    override = os.environ.get("TOKENBLAME_CACHE_DIR")
    return Path(override or platformdirs.user_cache_path("tokenblame")) / part

"""How Python is started, so that it imports nothing from the folder that a user stands in.

That folder may be a workspace of somebody else: a `pip.py` or `torch.py` in it must never run.
"""

import sys
from pathlib import Path

# Where a process runs that needs no folder of its own. It always exists, unlike the user's, which
# may be on a disk that is ejected meanwhile.
NEUTRAL_FOLDER = Path("/")


def python_module(name: str, *arguments: str) -> list[str]:
    """The command that runs the module `name` with this very Python.

    -P keeps the current folder off the import path; `multiprocessing` hands it on to the
    processes that it starts.
    """
    return [sys.executable, "-P", "-m", name, *arguments]

"""Files for clients to open, in the user's cache: never where EvalPlus reads samples."""

import hashlib
import os
import re
from pathlib import Path

import platformdirs

from attribution.errors import InvalidSample, ResourceExhausted

_EVALPLUS_ID = re.compile(r"(?:HumanEval|Mbpp)/\d+")


def sample_file(task_id: str, number: int, code: str) -> Path:
    """A sample as a file whose path names its task, as the samples that EvalPlus reads.

    The same code is the same file, so that what a user has changed in it is found again.
    """
    if not _EVALPLUS_ID.fullmatch(task_id):
        raise InvalidSample(f"{task_id!r} is no task of EvalPlus (HumanEval/65, Mbpp/2).")
    digest = hashlib.sha256(code.encode(errors="surrogatepass")).hexdigest()[:16]
    return _kept(Path("opened") / digest / task_id.replace("/", "_") / f"{number}.py", code)


def report_file(task_id: str, markdown: str) -> Path:
    """A report; one with the same words is the same file."""
    digest = hashlib.sha256(markdown.encode(errors="surrogatepass")).hexdigest()[:8]
    name = re.sub(r"\W+", "_", task_id, flags=re.ASCII)
    return _kept(Path("reports") / f"{name}-{digest}.md", markdown)


def _kept(place: Path, text: str) -> Path:
    """Write the file unless it is there."""
    root = os.environ.get("TOKENBLAME_CACHE_DIR")
    path = (Path(root) if root else platformdirs.user_cache_path("tokenblame")).absolute() / place
    if path.exists():
        return path
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidSample("It holds half a character, which no file can hold.") from error
    except OSError as error:
        raise ResourceExhausted(f"{path} cannot be written: {error.strerror}.") from error
    return path

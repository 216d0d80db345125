"""Files for clients to open, in the user's cache: never where EvalPlus reads samples."""

import hashlib
import json
import os
import re
import time
from pathlib import Path
from urllib.parse import unquote

import platformdirs
from pygls.uris import to_fs_path

from attribution.errors import InvalidSample, ResourceExhausted

_PROMPT = ".prompt.txt"  # what clients know prompt documents by
_LINK = "link.json"
_LONGEST = 60  # characters of a name that is for people; a digest beside it tells them apart
_MOST_BYTES = 3 * _LONGEST  # of these; a file system takes 255 for the whole name
_EVALPLUS_ID = re.compile(r"(?:HumanEval|Mbpp)/\d+")


def sample_file(task_id: str, number: int, code: str) -> Path:
    """A sample as a file whose path names its task, as the samples that EvalPlus reads.

    The same code is the same file, so that what a user has changed in it is found again.
    """
    if not _EVALPLUS_ID.fullmatch(task_id):
        raise InvalidSample(f"{task_id!r} is no task of EvalPlus (HumanEval/65, Mbpp/2).")
    digest = hashlib.sha256(code.encode(errors="surrogatepass")).hexdigest()[:16]
    return _kept(Path("opened") / digest / task_id.replace("/", "_") / f"{number}.py", code)


def report_file(title: str, markdown: str) -> Path:
    """A report; one with the same words is the same file."""
    return _kept(Path("reports") / _name(title, markdown, "md"), markdown)


def graph_file(title: str, html: str) -> Path:
    """A page with a graph."""
    return _kept(Path("graphs") / _name(title, html, "html"), html)


def prompt_file(code: str, prompt: str) -> Path:
    """The prompt of the sample with the uri `code`, for `prompt_link` to tell whose it is.

    The same prompt of the same sample is the same file, with what a user has changed in it.
    """
    key = f"{code}\0{prompt}"
    digest = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:16]
    folder = Path("prompts") / digest
    _kept(folder / _LINK, json.dumps({"code": code, "prompt": prompt}))
    sample = Path(unquote(code))
    name = re.sub(r"[^\w.-]+", "_", f"{sample.parent.name}-{sample.stem}")
    return _kept(folder / f"{_short(name)}{_PROMPT}", prompt)


def prompt_link(uri: str) -> tuple[str, str] | None:
    """Uri of the sample and the prompt as the model saw it, of a document made by `prompt_file`."""
    path = to_fs_path(uri)
    if path is None or not path.endswith(_PROMPT):
        return None
    folder = Path(path).parent
    if folder.parent != cache_folder() / "prompts":
        return None  # another file with such a name
    try:
        found = json.loads((folder / _LINK).read_bytes())
        return found["code"], found["prompt"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def as_made(path: Path) -> bool:
    """Whether a report, a graph or a prompt says what was written into it. Raises OSError."""
    text = path.read_bytes()
    if (link := prompt_link(path.as_uri())) is not None:
        return text == link[1].encode()
    return path.stem.endswith(f"-{hashlib.sha256(text).hexdigest()[:8]}")


def _name(title: str, text: str, kind: str) -> str:
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
    name = re.sub(r"\W+", "_", title, flags=re.ASCII)
    return f"{_short(name)}-{digest}.{kind}"


def _short(name: str) -> str:
    return name[:_LONGEST].encode()[:_MOST_BYTES].decode(errors="ignore")


def cache_folder() -> Path:
    root = os.environ.get("TOKENBLAME_CACHE_DIR")
    return (Path(root) if root else platformdirs.user_cache_path("tokenblame")).absolute()


def _kept(place: Path, text: str) -> Path:
    """Write the file unless it is there."""
    path = cache_folder() / place
    try:
        if path.exists():
            # For tidying.py; the time of the last change is what editors look at.
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
            return path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidSample("It holds half a character, which no file can hold.") from error
    except OSError as error:
        raise ResourceExhausted(f"{path} cannot be written: {error.strerror}.") from error
    return path

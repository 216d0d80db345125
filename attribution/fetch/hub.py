"""Fetch from the Hugging Face hub: single pinned files, and the models a user names by id.

Run as a program, this module is the child that does it; see `attribution.fetch.child`.
"""

import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import huggingface_hub as hf
from huggingface_hub import constants, errors

from attribution.errors import (
    ResourceExhausted,
    Unavailable,
    UnknownModel,
    WrongHash,
    from_code,
)
from attribution.fetch import child
from attribution.fetch.artefact import Artefact, HubFile
from attribution.isolation import NEUTRAL_FOLDER, python_module
from attribution.job import Job
from attribution.resources import FULL, human, tree_size

PATIENCE = 3.0  # seconds for the hub's first answer, name look-up included
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Weights as safetensors only: no pickle, no Python of the repository.
_PATTERNS = ["*.safetensors", "*.json", "*.jinja", "tokenizer.model", "merges.txt", "vocab.txt"]
_SUBFOLDERS = ["*/*"]  # other formats of the same model


class _Answers:
    """What the child said so far."""

    def __init__(self, what: str, folder: Path, job: Job) -> None:
        self.what = what
        self.folder = folder
        self.job = job
        self.path: Path | None = None
        self._total: int | None = None  # bytes; None until the hub answered
        self._asked: float | None = None
        self._base = 0  # bytes that other downloads left in the folder

    def line(self, text: str) -> None:
        match child.parse(text):
            case {"asking": True}:
                self._asked = time.monotonic()
            case {"total": int(total), "base": bool(base)}:
                self._total, self._base = total, tree_size(self.folder) if base else 0
            case {"path": str(path)}:
                self.path = Path(path)
            case {"error": str(code), "message": str(message)}:
                raise from_code(code, message)

    def tick(self) -> None:
        self.job.checkpoint()
        if self._total is not None:
            done = max(0, tree_size(self.folder) - self._base)
            self.job.report(
                f"Downloading {self.what}: {human(min(done, self._total))} of {human(self._total)}",
                done / max(1, self._total),
            )
        elif self._asked is not None and time.monotonic() - self._asked > PATIENCE:
            raise Unavailable("The Hugging Face hub does not answer.")


def _run(arguments: list[str], answers: _Answers) -> Path:
    # Plain HTTP shows how the file grows, and keeps no second copy in a store of chunks.
    env = {
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    command = python_module("attribution.fetch.hub", *arguments)
    ended = child.run(command, NEUTRAL_FOLDER, env=env, tick=answers.tick, line=answers.line)
    if answers.path is None:
        raise Unavailable(f"The download from the hub failed: {ended.last_error}")
    return answers.path


def fetch_file(
    artefact: Artefact, source: HubFile, staging: Path, job: Job
) -> tuple[list[Path], Path]:
    """The artefact as the hub has it, and the folder that holds nothing else.

    Raises Unavailable (within seconds where the hub cannot be reached), WrongHash where
    the hub announces another file.
    """
    if constants.is_offline_mode():
        raise Unavailable("The Hugging Face hub is switched off (HF_HUB_OFFLINE).")
    folder = staging / "hub"
    folder.mkdir(exist_ok=True)
    for half in folder.rglob("*.incomplete"):  # of a child that was killed; never continued
        half.unlink()
    answers = _Answers(artefact.name, folder, job)
    arguments = ["file", source.repo, source.file, artefact.sha256, os.fspath(folder)]
    return [_run(arguments, answers)], folder


def cached_snapshot(repo: str, revision: str | None) -> Path | None:
    """The folder of an earlier download, or None; asks nobody."""
    try:
        return Path(
            hf.snapshot_download(
                repo,
                revision=revision,
                local_files_only=True,
                allow_patterns=_PATTERNS,
                ignore_patterns=_SUBFOLDERS,
            )
        )
    except errors.LocalEntryNotFoundError:
        return None


def fetch_snapshot(repo: str, revision: str | None, job: Job) -> Path:
    """Download the model `repo` into the hub's own cache.

    Raises UnknownModel where the hub has none of that name, else Unavailable.
    """
    if constants.is_offline_mode():
        raise Unavailable(
            f"{repo} is not on this machine, and the hub is switched off (HF_HUB_OFFLINE)."
        )
    job.report(f"Asking the Hugging Face hub for {repo}")
    folder = Path(constants.HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}"
    answers = _Answers(repo, folder, job)
    return _run(["snapshot", repo, revision or ""], answers)


def _download_file(say: Any, repo: str, file: str, digest: str, folder: str) -> None:
    """Child: one file, of the very commit whose hash was looked at."""
    say(asking=True)
    url = hf.hf_hub_url(repo, file)
    found = hf.get_hf_file_metadata(url, timeout=PATIENCE, token=False)
    etag = found.etag or ""
    if _SHA256.fullmatch(etag) and etag != digest:
        raise WrongHash(f"The hub's {file} has another content now (sha256 {etag}).")
    say(total=found.size or 0, base=False)
    path = hf.hf_hub_download(repo, file, revision=found.commit_hash, local_dir=folder, token=False)
    say(path=path)


def _download_snapshot(say: Any, repo: str, revision: str) -> None:
    """Child: the files that transformers needs.

    Asked for by branch, not by commit, so that the cache remembers which commit the name means.
    """
    say(asking=True)
    branch = revision or None
    hf.HfApi().model_info(repo, revision=branch, timeout=PATIENCE)  # its errors are the clear ones
    plan = hf.snapshot_download(
        repo,
        revision=branch,
        allow_patterns=_PATTERNS,
        ignore_patterns=_SUBFOLDERS,
        dry_run=True,
    )
    say(total=sum(each.file_size or 0 for each in plan if each.will_download), base=True)
    path = hf.snapshot_download(
        repo, revision=branch, allow_patterns=_PATTERNS, ignore_patterns=_SUBFOLDERS
    )
    say(path=path)


def main(arguments: list[str]) -> None:
    """The child: download, and answer in lines of JSON."""
    say = child.json_lines()
    kind, *rest = arguments
    try:
        if kind == "file":
            _download_file(say, *rest)
        else:
            _download_snapshot(say, *rest)
    except WrongHash as error:
        say(error=error.code, message=error.message)
    except errors.GatedRepoError:
        say(error=Unavailable.code, message=f"{rest[0]} is gated: log in with `hf auth login`.")
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        say(error=UnknownModel.code, message=f"The hub has no {rest[0]}: {_first_line(error)}")
    except (errors.EntryNotFoundError, OSError) as error:  # HTTP errors among them
        full = isinstance(error, OSError) and error.errno in FULL
        code = ResourceExhausted.code if full else Unavailable.code
        say(error=code, message=f"The hub failed: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


if __name__ == "__main__":
    main(sys.argv[1:])

"""The weights on this machine: fetched once, held to their hash, converted once.

    models/NAME/            a converted model, ready for transformers, with tokenblame.json
    models/.staging/NAME/   what is on its way, finished parts of a download first of all
    models/.locks/NAME      one process at a time works on a model

A model appears at its place by one rename, complete and checked; whoever finds it there needs
neither lock nor network. The GGUF file goes once it is converted: the copy is five times its
size and nothing reads the original again.
"""

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from attrs import frozen
from filelock import FileLock, Timeout

from attribution.errors import (
    InvalidRequest,
    ModelUnavailable,
    Unavailable,
    UnknownModel,
    WrongHash,
)
from attribution.fetch import hub, sources
from attribution.fetch.cache import cache_folder
from attribution.job import Checkpoint, Job, Report, carry_on, ignore
from attribution.models.catalogue import CATALOGUE, DEFAULT, SMALL, ModelEntry
from attribution.models.conversion import convert
from attribution.models.manifest import Manifest
from attribution.resources import disk_errors, human, require_space, tree_size

_HUB_ID = re.compile(r"([\w-][\w.-]*/[\w-][\w.-]*)(?:@([\w./-]+))?")
_LOCK_TICK = 0.5  # seconds


class Availability(StrEnum):
    ABSENT = "absent"
    DOWNLOADED = "downloaded"  # the artefact is here, not yet converted
    READY = "ready"


@frozen
class ModelState:
    """One line of `tokenblame models`."""

    name: str
    summary: str
    size: int  # bytes to download
    licence: str
    licence_note: str
    state: Availability
    path: Path | None  # the folder to load, once it is ready


def root() -> Path:
    """Where named models live."""
    return cache_folder("models")


def listing() -> tuple[ModelState, ...]:
    """The named models and where they stand; asks nobody and hashes nothing."""
    return tuple(_look(entry) for entry in CATALOGUE.values())


def _look(entry: ModelEntry) -> ModelState:
    ready = _ready(entry)
    artefact = _staging(entry) / entry.file
    state = (
        Availability.READY
        if ready
        else Availability.DOWNLOADED
        if artefact.exists()
        else Availability.ABSENT
    )
    return ModelState(
        name=entry.name,
        summary=entry.summary,
        size=entry.size,
        licence=entry.licence,
        licence_note=entry.licence_note,
        state=state,
        path=ready,
    )


def ensure(model: str, report: Report = ignore, checkpoint: Checkpoint = carry_on) -> Path:
    """A folder that transformers loads: config, tokenizer and safetensors.

    `model` is a name from `listing()`, a local folder (used as it is) or a hub id
    `owner/name[@revision]`. What is already here is used without asking anybody.

    Raises UnknownModel, InvalidRequest (a folder without what is needed), ModelUnavailable,
    WrongHash, ResourceExhausted, or what `checkpoint` raises.
    """
    job = Job.reporting(report, checkpoint)
    if (entry := CATALOGUE.get(model)) is not None:
        with _no_model():
            return _ready(entry) or _obtain(entry, job)
    folder = Path(model).expanduser()
    if folder.is_dir():
        check_folder(folder)
        return folder.resolve()
    if (match := _HUB_ID.fullmatch(model)) is None or folder.exists():
        raise UnknownModel(
            f"{model!r} is no model: give a name ({', '.join(CATALOGUE)}), a folder that holds "
            "one, or a hub id such as Qwen/Qwen2.5-Coder-0.5B-Instruct."
        )
    with _no_model():
        return _snapshot(match[1], match[2], job)


@contextlib.contextmanager
def _no_model() -> Iterator[None]:
    """What cannot be fetched is a model here. A wrong hash stays one."""
    try:
        yield
    except (ModelUnavailable, WrongHash):
        raise
    except Unavailable as error:
        raise ModelUnavailable(
            f"{error.message}\n"
            "Check the network and the settings of pip, or name a local folder with a model."
        ) from error


def _snapshot(repo: str, revision: str | None, job: Job) -> Path:
    path = hub.cached_snapshot(repo, revision)
    if path is not None:
        with contextlib.suppress(InvalidRequest):  # an interrupted download; go on with it
            check_folder(path)
            return path
    path = hub.fetch_snapshot(repo, revision, job)
    check_folder(path)
    return path


def check_folder(folder: Path) -> None:
    """Raise InvalidRequest unless `folder` holds a model that loads without running its code."""
    if not (folder / "config.json").exists():
        raise InvalidRequest(f"{folder} holds no model: it has no config.json.")
    if not any(folder.glob("*.safetensors")):
        raise InvalidRequest(
            f"{folder} has no safetensors weights. Pickled weights (*.bin, *.pt) can run code "
            "and are not loaded: save the model again with `save_pretrained`."
        )
    if not any((folder / each).exists() for each in ("tokenizer.json", "tokenizer.model")):
        raise InvalidRequest(f"{folder} has no tokenizer (tokenizer.json or tokenizer.model).")


def default_or_small(report: Report = ignore, checkpoint: Checkpoint = carry_on) -> str:
    """The name of the default model, ready; of the small one where no source has the default.

    Says so where it falls back. A wrong hash is no reason to fall back: it is raised.
    """
    try:
        ensure(DEFAULT, report, checkpoint)
    except WrongHash:
        raise
    except ModelUnavailable as error:
        Job.reporting(report).report(f"{error.message}\nGoing on with the small model, {SMALL}.")
        ensure(SMALL, report, checkpoint)
        return SMALL
    return DEFAULT


def verify(name: str, report: Report = ignore, checkpoint: Checkpoint = carry_on) -> Path:
    """Hash every file of a named model that is ready; answers its folder.

    Raises WrongHash where a file is not what was stored (the copy is deleted then), UnknownModel
    or ModelUnavailable where there is nothing to verify.
    """
    job = Job.reporting(report, checkpoint)
    entry = CATALOGUE.get(name)
    if entry is None:
        raise UnknownModel(f"{name!r} is none of the named models ({', '.join(CATALOGUE)}).")
    folder = root() / name
    manifest = Manifest.read(folder)
    if manifest is None:
        raise ModelUnavailable(f"{name} is not here. Get it with `tokenblame models fetch {name}`.")
    wrong = [*manifest.damaged(folder, job)]
    if manifest.sha256 != entry.sha256:
        wrong.append(f"{entry.file} (made from another artefact)")
    if not wrong:
        return folder
    with _alone(entry, job):
        _discard(folder, _staging(entry))
    raise WrongHash(
        f"{name} was damaged and is deleted: {', '.join(wrong)}. "
        f"Get it anew with `tokenblame models fetch {name}`."
    )


def _staging(entry: ModelEntry) -> Path:
    return root() / ".staging" / entry.name


def _ready(entry: ModelEntry) -> Path | None:
    """The folder of the converted model where it is complete."""
    folder = root() / entry.name
    manifest = Manifest.read(folder)
    complete = manifest and manifest.sha256 == entry.sha256 and manifest.complete(folder)
    return folder if complete else None


@contextlib.contextmanager
def _alone(entry: ModelEntry, job: Job) -> Iterator[None]:
    """Hold the model's lock; meanwhile other processes wait and say so."""
    locks = root() / ".locks"
    with disk_errors(root(), entry.size):
        locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(locks / entry.name)
        while True:
            try:
                lock.acquire(timeout=_LOCK_TICK)
                break
            except Timeout:
                job.checkpoint()
                job.report(f"Another process is getting {entry.name}; waiting for it")
    try:
        yield
    finally:
        lock.release()


def _obtain(entry: ModelEntry, job: Job) -> Path:
    """Fetch, convert and put into place, unless another process did so meanwhile."""
    needed = max(2 * entry.size, entry.size + entry.converted_size)
    with _alone(entry, job), disk_errors(root(), needed):
        if (ready := _ready(entry)) is not None:
            return ready
        staging, target = _staging(entry), root() / entry.name
        staging.mkdir(parents=True, exist_ok=True)
        for scratch in staging.glob("scratch-*"):  # of a process that was killed
            shutil.rmtree(scratch)
        require_space(root(), needed - tree_size(staging))
        origin = _artefact(entry, staging, job)
        with tempfile.TemporaryDirectory(prefix="scratch-", dir=staging) as name:
            copy = Path(name) / entry.name
            copy.mkdir()
            convert(entry, staging / entry.file, copy, job)
            Manifest.of(entry, origin, copy, job).write(copy)
            _discard(target, staging)
            copy.rename(target)
        shutil.rmtree(staging)
        job.report(f"{entry.name} is ready ({human(tree_size(target))}, {entry.licence})", 1.0)
        return target


def _artefact(entry: ModelEntry, staging: Path, job: Job) -> str:
    """Have the checked artefact in `staging`; answers where it came from."""
    artefact = staging / entry.file
    if artefact.exists():
        if sources.sha256(artefact, job) == entry.sha256:
            return "an earlier download"
        artefact.unlink()
    return sources.fetch(entry, staging, job)


def _discard(folder: Path, staging: Path) -> None:
    """Take a model out of its place by one rename, then delete it."""
    if folder.exists():
        staging.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="scratch-", dir=staging) as name:
            folder.rename(Path(name) / folder.name)

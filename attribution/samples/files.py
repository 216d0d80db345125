"""Samples on disk, in EvalPlus' own formats, and the traces beside them.

A folder `HumanEval_65/0.py` or a line of `samples.jsonl`. A sample that was generated here has a
trace `0.trace` beside it (msgpack of schema.Generation); EvalPlus reads `*.py` only.
"""

import os
import tempfile
from itertools import count
from pathlib import Path

from attrs import frozen

from attribution.errors import InvalidSample, ResourceExhausted
from attribution.ipc import wire
from attribution.schema import Generation, task_id_from_path
from attribution.schema.sample_lines import program_of, read_line


@frozen
class Sample:
    """One program and the task that it is meant to solve."""

    task_id: str
    code: str
    path: Path | None  # the file that the editor would open; None for a line of samples.jsonl
    completion: bool = False  # `code` lacks the task's prompt


def read_sample(path: Path, task_id: str | None = None) -> Sample:
    """The sample that `path` names: a file, a task folder, or `samples.jsonl` with a task id.

    Raises InvalidSample saying what was expected.
    """
    if not path.exists():
        raise InvalidSample(f"{path} does not exist.")
    if path.is_dir():
        path = _first_sample(path)
    if path.suffix == ".jsonl":
        return _line_of(path, task_id)
    found = task_id or task_id_from_path(str(path.resolve()))
    if found is None:
        raise InvalidSample(
            f"{path} does not say which task it solves. Put it into a folder named after the task "
            "(HumanEval_65/0.py) or name the task with --task."
        )
    return Sample(found, _text(path), _named(path))


def _named(path: Path) -> Path:
    """The absolute path; it travels to the engine as text."""
    resolved = path.resolve()
    try:
        str(resolved).encode()
    except UnicodeEncodeError as error:
        raise InvalidSample(f"The path {resolved} is not UTF-8: rename the folder.") from error
    return resolved


def _first_sample(folder: Path) -> Path:
    samples = sorted(folder.glob("*.py"), key=lambda p: (len(p.name), p.name))
    if not samples:
        raise InvalidSample(f"{folder} holds no sample (0.py).")
    return samples[0]


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidSample(f"{path} is not UTF-8: {error}.") from error
    except OSError as error:
        raise InvalidSample(f"{path} cannot be read: {error.strerror}.") from error


def _line_of(path: Path, task_id: str | None) -> Sample:
    if task_id is None:
        raise InvalidSample(f"{path} holds many samples: choose one with --task.")
    for number, line in enumerate(_text(path).split("\n"), 1):
        if line.strip():
            try:
                fields = read_line(line)
                if fields.get("task_id") == task_id:
                    program = program_of(fields)
                    return Sample(task_id, program.text, None, completion=program.completion)
            except ValueError as error:
                raise InvalidSample(f"{path}, line {number} {error}.") from error
    raise InvalidSample(f"{path} has no sample of {task_id}.")


def trace_path(sample: Path) -> Path:
    return sample.with_suffix(".trace")


def read_trace(sample: Path) -> Generation | None:
    """The trace beside a sample, or None where there is none that this version reads."""
    try:
        return wire.unpack(trace_path(sample).read_bytes(), Generation)
    except (OSError, wire.BrokenFrame):
        return None


def write_generation(root: Path, generation: Generation) -> Path:
    """Write sample and trace below `root` and return the sample's path.

    An equal sample of the same model is kept; another is never overwritten, nor is its trace: the
    next free number is used.
    """
    folder = root / generation.task_id.replace("/", "_")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = (folder / f"{number}.py" for number in count())
        return next(path for path in paths if _take(path, generation))
    except OSError as error:
        raise ResourceExhausted(
            f"The sample cannot be written into {folder}: {error.strerror}."
        ) from error


def _take(path: Path, generation: Generation) -> bool:
    """Write sample and trace to `path` unless it belongs to another sample or model."""
    code, trace = generation.code.encode(), wire.pack(generation)
    new = _claim(path, code)
    if not new and path.read_bytes() != code:
        return False
    if _claim(trace_path(path), trace):
        return True
    there = read_trace(path)
    if there is None and not new:
        return False  # unreadable here, perhaps of a newer version
    if (
        there is not None
        and there.code == generation.code
        and there.fingerprint != generation.fingerprint
    ):
        return False
    _replace(trace_path(path), trace)
    return True


def _claim(path: Path, data: bytes) -> bool:
    """Create the file; False where it exists, also when another process was faster."""
    try:
        file = path.open("xb")
    except FileExistsError:
        return False
    try:
        with file:
            file.write(data)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return True


def _replace(path: Path, data: bytes) -> None:
    """Write all or nothing: a full disk leaves the old file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise

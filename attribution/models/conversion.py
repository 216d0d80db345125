"""The parent's side of the conversion: start the child, follow it, translate its failures."""

import os
import signal
from pathlib import Path

from attribution.errors import ModelUnavailable, ResourceExhausted, from_code
from attribution.fetch import child
from attribution.isolation import python_module
from attribution.job import Job
from attribution.models.catalogue import ModelEntry
from attribution.resources import human, require_memory

# Peak memory of the child per byte of the copy: 1.0, 1.34, 1.19 on the three named models.
_MEMORY_FACTOR = 1.35
_MEMORY_BASE = 600_000_000  # bytes: the interpreter with torch


def convert(entry: ModelEntry, artefact: Path, target: Path, job: Job) -> None:
    """Fill the empty folder `target` with the checked safetensors copy of `artefact`.

    Raises ResourceExhausted (memory, disk) or ModelUnavailable (the copy is not equal).
    """
    needed = _MEMORY_BASE + int(_MEMORY_FACTOR * entry.converted_size)
    require_memory(needed, f"Converting {entry.name}")
    finished = False

    def line(text: str) -> None:
        nonlocal finished
        match child.parse(text):
            case {"stage": str(stage), "fraction": fraction}:
                job.report(f"Converting {entry.name}: {stage}", fraction)
            case {"error": str(code), "message": str(message)}:
                raise from_code(code, f"{message} ({entry.name})")
            case {"done": True}:
                finished = True

    command = python_module("attribution.models.convert", os.fspath(artefact), os.fspath(target))
    env = {"HF_HUB_OFFLINE": "1", "TQDM_MININTERVAL": "0.5"}
    ended = child.run(command, target.parent, env=env, tick=job.checkpoint, line=line)
    if finished and ended.status == 0:
        return
    if ended.status == -signal.SIGKILL:
        raise ResourceExhausted(
            f"The conversion of {entry.name} was killed, most likely for its memory: it needs "
            f"about {human(needed)}. Close other programs, or use a smaller model."
        )
    if ended.disk_full:
        raise ResourceExhausted(
            f"The disk filled up: converting {entry.name} needs {human(entry.converted_size)}."
        )
    raise ModelUnavailable(f"{entry.name} could not be converted: {ended.last_error}")

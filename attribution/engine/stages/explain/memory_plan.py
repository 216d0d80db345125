"""Whether a pass fits the memory that is free, and in which way."""

from typing import Any

import torch

from attribution.errors import ResourceExhausted
from attribution.lrp.memory import estimate_memory
from attribution.models.loader import LoadedModel
from attribution.resources import available_memory, human

_SPARE = 0.8  # of the memory that is available


def must_recompute(
    loaded: LoadedModel, n: int, *, graph: bool = False, skipped_layers: int = 0, sequences: int = 1
) -> bool:
    """Whether layers must be run anew on the way back, because not all of them can be kept.

    For a pass over n tokens; the options are those of lrp/memory.py. Raises ResourceExhausted
    where even that does not fit.
    """
    model: Any = loaded.model
    free = _free_memory(model)
    for recompute in (False, True):
        needed = estimate_memory(
            model.config,
            n,
            loaded.dtype,
            recompute=recompute,
            graph=graph,
            skipped_layers=skipped_layers,
            sequences=sequences,
        )
        if needed.total <= int(free * _SPARE):
            return recompute
    raise ResourceExhausted(
        f"{n} tokens need about {human(needed.total)} beside the weights, {human(free)} are "
        "free. Use a smaller model, bfloat16, or a shorter prompt."
    )


def _free_memory(model: Any) -> int:
    """Bytes on all devices that hold a part of the model."""
    devices = {parameter.device for parameter in model.parameters()}
    if any(device.type != "cuda" for device in devices):
        return available_memory()
    free = 0
    for device in devices:
        free += torch.cuda.mem_get_info(device)[0]
        free += torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return free

"""Interventions the plain way: no cache, one row at a time, the whole sequence."""

from collections.abc import Collection
from typing import Any

import torch

from attribution.schema import Perturbation

NEUTRAL = 7
MASK, SUBSTITUTE = Perturbation.MASK, Perturbation.SUBSTITUTE


def contrast(logits: torch.Tensor) -> torch.Tensor:
    """(rows, vocabulary) → (rows,)."""
    return logits[:, 3] - logits[:, 5]


def naive_without(
    model: Any, ids: torch.Tensor, places: Collection[int], perturbation: Perturbation
) -> float:
    ids, visible = ids.clone()[None], torch.ones_like(ids)[None]
    if perturbation is Perturbation.MASK:
        visible[0, list(places)] = 0
    else:
        ids[0, list(places)] = NEUTRAL
    positions = torch.arange(ids.shape[1])[None]
    with torch.no_grad():
        logits = model(ids, attention_mask=visible, position_ids=positions, use_cache=False).logits
    return float(contrast(logits[:, -1])[0])

"""Sums over activations, in a precision that keeps completeness."""

from collections.abc import Iterable

import torch


def inner(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """⟨a, b⟩ over the last axis: (…, d), (…, d) of any float dtype → (…), at least float32."""
    wide = torch.promote_types(a.dtype, torch.float32)
    product: torch.Tensor = torch.linalg.vecdot(a.to(wide), b.to(wide))
    return product


def total(tensors: Iterable[torch.Tensor]) -> float:
    """Σ of all elements of `tensors` (any shapes), in float64 on the CPU (MPS has no float64)."""
    return sum(float(tensor.cpu().double().sum()) for tensor in tensors)

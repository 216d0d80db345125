"""What transformers keeps of the tokens that a model has read."""

from typing import Any

import torch
from transformers import DynamicCache


def states(cache: DynamicCache) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Keys and values of every layer (1, key-value heads, places, head size)."""
    layers: list[Any] = cache.layers
    return [(layer.keys, layer.values) for layer in layers]


def cut(cache: DynamicCache, length: int) -> None:
    """Forget all places but the first `length`, in the layers that hold more."""
    layers: list[Any] = cache.layers
    for layer in layers:
        layer.crop(length - layer.get_seq_length())

"""Weights of four bits that compute the same map in every pass."""

from typing import Any

from torch import nn


def keep_unpacked(model: nn.Module) -> None:
    """Have the layers of bitsandbytes compute on a CPU as they do everywhere else.

    On a CPU with bfloat16 instructions its four-bit layers rewrite their weights at the first pass
    without a gradient, for a kernel that computes in bfloat16 whatever was asked for, and fail
    where a side is no multiple of 32 (bitsandbytes 0.50: `Linear4bit.forward`). Relevance needs
    one map, with a gradient and without.
    """
    layer: Any
    for layer in model.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False

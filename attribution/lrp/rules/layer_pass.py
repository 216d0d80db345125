"""What a pass knows of one decoder layer: how it was called, and what came down through it."""

from collections.abc import Mapping
from typing import Any

import torch
from attrs import frozen
from torch import nn


@frozen
class LayerCall:
    """How the model called a decoder layer, without the hidden states."""

    module: nn.Module
    arguments: tuple[Any, ...]  # the positional ones behind the hidden states
    options: Mapping[str, Any]

    @property
    def mask(self) -> torch.Tensor | None:
        """(n, n) bool, True: may be seen; None: causal."""
        mask = self.options.get("attention_mask")
        return None if mask is None else mask[0, 0]


@frozen(eq=False)
class AttentionPass:
    """The attention of one layer in one pass; batch of one, float dtype of the model."""

    query: torch.Tensor  # (heads, n, head_dim), as the softmax got it
    key: torch.Tensor  # (kv heads, n, head_dim)
    value: torch.Tensor  # (kv heads, n, head_dim)
    output: torch.Tensor  # (heads, n, head_dim)
    cotangent: torch.Tensor  # (heads, n, head_dim), ∂Δℓ/∂output
    query_grad: torch.Tensor | None  # (heads, n, head_dim), true ∂Δℓ/∂query; None for CP-LRP
    scale: float
    mask: torch.Tensor | None  # (n, n) bool, True: may be seen; None: causal


@frozen(eq=False)
class LayerPass:
    """One layer after the pass has come down through it; float dtype of the model."""

    layer: int
    attention: AttentionPass
    hidden: torch.Tensor  # (n, d) input of the layer
    cotangent: torch.Tensor  # (n, d) ∂Δℓ/∂(residual stream after the attention)
    relevance: tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # (n,) of its three stages
    leak: torch.Tensor  # (n,) softmax leak of each query position

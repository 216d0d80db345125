"""What one backward pass books: relevance of every stage, leaks, biases, and layers as they end.

A stage is a state of the residual stream: 0 the embedding, 2·layer + 1 after the attention of a
layer, 2·layer + 2 after its MLP. The pass comes down from the last stage; when it has reached the
input of a layer, all that is to be known of that layer is there, and `on_layer` gets it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import torch
from attrs import define, field, frozen
from torch import nn

from attribution.errors import InvalidRequest


class Method(StrEnum):
    ATTNLRP = "attnlrp"
    CPLRP = "cplrp"
    GRADIENT = "gradient"  # gradient × input: no rule at all, the model's true gradient
    INTEGRATED = "integrated"  # integrated gradients: the same along a path from a baseline

    @classmethod
    def named(cls, name: str) -> Method:
        """Raises InvalidRequest, naming those that there are."""
        try:
            return cls(name)
        except ValueError:
            known = ", ".join(cls)
            raise InvalidRequest(f"There is no method {name!r}; there are {known}.") from None

    @property
    def ruled(self) -> bool:
        """Whether the layers are linear on the way back, so that relevance flows along edges."""
        return self in (Method.ATTNLRP, Method.CPLRP)


@frozen(eq=False)
class Attention:
    """The attention of one layer as the pass saw it; batch of one, float dtype of the model."""

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
    """One layer after the pass has come down through it."""

    layer: int
    attention: Attention
    hidden: torch.Tensor  # (n, d) input of the layer
    cotangent: torch.Tensor  # (n, d) ∂Δℓ/∂(residual stream after the attention)
    relevance: tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # (n,) of its three stages
    leak: torch.Tensor  # (n,)


@frozen
class Call:
    """How the model called a layer: all but the hidden states."""

    module: nn.Module
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]

    @property
    def mask(self) -> torch.Tensor | None:
        """(n, n) bool, True: may be seen; None: causal."""
        mask = self.options.get("attention_mask")
        return None if mask is None else mask[0, 0]


Observer = Callable[[int, torch.Tensor, torch.Tensor], None]  # stage, hidden, cotangent (b, n, d)


@define(eq=False)
class CurrentLayer:
    """What lives only while the pass is in one layer."""

    index: int = 0  # of the layer that the forward pass is in
    attention: dict[int, Attention] = field(factory=dict)  # of the layer that the pass is in
    outputs: dict[int, tuple[torch.Tensor, torch.Tensor]] = field(factory=dict)  # with cotangents
    cotangent: torch.Tensor | None = None  # at the last stage between attention and MLP
    at_zero: bool = False  # a layer is evaluated at 0: norms use the scales they had


@define(eq=False)
class BackwardTrace:
    """Entries stay on their device until `total`, so that booking never waits.

    `leak[layer]` is the softmax leak of each query position, (batch, n); `bias` one number per
    call of a module with a bias; `nodes[stage]` the relevance of each token, (batch, n).
    """

    method: Method
    checkpoint: Callable[[], None]  # called per layer, forward and backward; raises Cancelled
    recompute: bool = False  # keep the inputs of layers only, and run each anew on the way back
    on_stage: Observer | None = None
    on_neurons: Observer | None = None  # layer, what the MLP's last projection reads, its cotangent
    neuron_tokens: Mapping[int, list[int]] = field(factory=dict)  # layer → of which tokens
    # It gets the trace as an argument: a closure over it would be a cycle.
    on_layer: Callable[[LayerPass, BackwardTrace], None] | None = None
    leak: dict[int, torch.Tensor] = field(factory=dict)
    bias: list[torch.Tensor] = field(factory=list)
    nodes: dict[int, torch.Tensor] = field(factory=dict)
    calls: dict[int, Call] = field(factory=dict)
    scales: dict[nn.Module, Callable[[torch.Tensor], torch.Tensor]] = field(factory=dict)
    logit_diff: float = 0.0  # Δℓ, before the pass comes down
    current: CurrentLayer = field(factory=CurrentLayer)

    def arrive(self, stage: int, hidden: torch.Tensor, cotangent: torch.Tensor) -> None:
        """Book a stage that the pass has reached; both (batch, n, d)."""
        self.nodes[stage] = inner(hidden, cotangent)
        if self.on_stage is not None:
            self.on_stage(stage, hidden, cotangent)
        if stage % 2:
            self.current.cotangent = cotangent
        elif stage // 2 in self.current.attention:
            self._end_layer(stage // 2, hidden)
        if stage % 2 == 0 and stage // 2 in self.calls:
            self.checkpoint()

    def _end_layer(self, layer: int, hidden: torch.Tensor) -> None:
        attention, cotangent = self.current.attention.pop(layer), self.current.cotangent
        if self.on_layer is None or cotangent is None:
            return
        relevance = tuple(
            self.nodes[stage][0].to(cotangent.device) for stage in range(2 * layer, 2 * layer + 3)
        )
        none = torch.zeros_like(relevance[0])
        self.on_layer(
            LayerPass(
                layer,
                attention,
                hidden[0].to(cotangent.device),  # the previous layer may lie on another device
                cotangent[0],
                (relevance[0], relevance[1], relevance[2]),
                self.leak[layer][0] if layer in self.leak else none,
            ),
            self,
        )


def total(entries: list[torch.Tensor]) -> float:
    """Σ of all elements, added up in float64 on the CPU (MPS has no float64)."""
    return sum(float(entry.cpu().double().sum()) for entry in entries)


def inner(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """⟨a, b⟩ over the last axis, at least in float32."""
    wide = torch.promote_types(a.dtype, torch.float32)
    product: torch.Tensor = torch.linalg.vecdot(a.to(wide), b.to(wide))
    return product

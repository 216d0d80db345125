"""What one backward pass records: relevance of every stage, leaks, biases, and layers as they end.

A stage is a state of the residual stream: 0 the embedding, 2·layer + 1 after the attention of a
layer, 2·layer + 2 after its MLP. The pass comes down from the last stage; when it has reached the
input of a layer, everything about that layer is known, and `Observers.on_layer` gets it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from attrs import define, field, frozen
from torch import nn

from attribution.lrp.rules.layer_pass import AttentionPass, LayerCall, LayerPass
from attribution.lrp.settings import Method, PassSettings
from attribution.lrp.sums import inner

# (stage or layer, activations, their cotangents ∂Δℓ/∂activations); both tensors (batch, n, d)
Observer = Callable[[int, torch.Tensor, torch.Tensor], None]


@frozen(eq=False)
class Observers:
    """What is called while the pass comes down, beside what the trace records itself."""

    on_stage: Observer | None = None  # stage, hidden state, cotangent
    # It gets the trace as an argument: a closure over it would be a cycle.
    on_layer: Callable[[LayerPass, BackwardTrace], None] | None = None
    on_neurons: Observer | None = None  # layer, input of the MLP's last projection, cotangent
    neuron_tokens: Mapping[int, list[int]] = field(factory=dict)  # layer → tokens for on_neurons


@define(eq=False)
class CurrentLayer:
    """What lives only while the pass is in one layer."""

    index: int = 0  # of the layer that the forward pass is in
    attention: dict[int, AttentionPass] = field(factory=dict)  # by layer
    # By layer: output of the attention and its cotangent, each (batch, n, heads, head_dim).
    attention_outputs: dict[int, tuple[torch.Tensor, torch.Tensor]] = field(factory=dict)
    middle_cotangent: torch.Tensor | None = None  # (batch, n, d), between attention and MLP
    at_zero: bool = False  # the layer is being evaluated at 0, with its norms frozen


@define(eq=False)
class BackwardTrace:
    """The record of one pass: relevance of stages, softmax leaks, what biases absorb, layer calls.

    Tensors stay on their device, so that recording never waits.
    """

    settings: PassSettings = field(factory=PassSettings)
    observers: Observers = field(factory=Observers)
    logit_diff: float = 0.0  # Δℓ, known before the pass comes down
    nodes: dict[int, torch.Tensor] = field(factory=dict)  # stage → relevance (batch, n)
    leak: dict[int, torch.Tensor] = field(factory=dict)  # layer → of each query (batch, n)
    bias: list[torch.Tensor] = field(factory=list)  # ⟨g, b⟩ of each call of a module with a bias
    calls: dict[int, LayerCall] = field(factory=dict)  # by layer
    # Norm → the same norm as a linear function, with the scale that it had in this pass.
    frozen_norms: dict[nn.Module, Callable[[torch.Tensor], torch.Tensor]] = field(factory=dict)
    current: CurrentLayer = field(factory=CurrentLayer)

    @property
    def method(self) -> Method:
        """The method of the settings."""
        return self.settings.method

    def arrive(self, stage: int, hidden: torch.Tensor, cotangent: torch.Tensor) -> None:
        """Record a stage that the pass has reached; both (batch, n, d)."""
        self.nodes[stage] = inner(hidden, cotangent)
        if self.observers.on_stage is not None:
            self.observers.on_stage(stage, hidden, cotangent)
        if stage % 2:
            self.current.middle_cotangent = cotangent
        elif stage // 2 in self.current.attention:
            self._end_layer(stage // 2, hidden)
        if stage % 2 == 0 and stage // 2 in self.calls:
            self.settings.checkpoint()

    def _end_layer(self, layer: int, hidden: torch.Tensor) -> None:
        attention, cotangent = self.current.attention.pop(layer), self.current.middle_cotangent
        if self.observers.on_layer is None or cotangent is None:
            return
        before, middle, after = (
            self.nodes[stage][0].to(cotangent.device) for stage in range(2 * layer, 2 * layer + 3)
        )
        layer_pass = LayerPass(
            layer,
            attention,
            hidden[0].to(cotangent.device),  # the previous layer may lie on another device
            cotangent[0],
            (before, middle, after),
            self.leak[layer][0] if layer in self.leak else torch.zeros_like(before),
        )
        self.observers.on_layer(layer_pass, self)

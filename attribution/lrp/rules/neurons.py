"""The neurons of an MLP, for those who look into single nodes (lrp/refine.py)."""

from typing import Any

import torch
from torch import nn

from attribution.lrp.rules.attach import Attachment


def watch_neurons(projection: Any, attachment: Attachment) -> None:
    """Give `Observers.on_neurons` the input of an MLP's last `projection`, and its cotangent.

    Both are (batch, tokens, m) for the tokens in `Observers.neuron_tokens` alone: all neurons of
    all layers would be more than a pass keeps.
    """
    trace, observers = attachment.trace, attachment.trace.observers
    on_neurons = observers.on_neurons
    if on_neurons is None:
        return

    def before(_module: nn.Module, inputs: tuple[torch.Tensor, ...], _options: object) -> None:
        layer, neurons = trace.current.index, inputs[0]
        tokens = observers.neuron_tokens.get(layer)
        if tokens and neurons.requires_grad:
            kept = neurons.detach()[:, tokens]
            neurons.register_hook(lambda grad: on_neurons(layer, kept, grad[:, tokens]))  # type: ignore[no-untyped-call]

    attachment.before(projection, before)

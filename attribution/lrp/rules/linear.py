"""Rules of what is linear already: projections, embeddings, containers."""

from typing import Any

import torch
from torch import nn

from attribution.lrp.rules.attach import Attachment
from attribution.lrp.rules.backward_trace import inner


def plain(_module: nn.Module, _patch: Attachment) -> None:
    """A container, an embedding, rotations: nothing to change on the way back."""


def linear(module: Any, attachment: Attachment) -> None:
    """y = W x + b: the true gradient; what b absorbs is booked."""
    if module.bias is not None:
        book_bias(module, attachment)


def book_bias(module: Any, attachment: Attachment) -> None:
    """Book ⟨g, b⟩: what the module's bias b absorbs of the cotangent g of its output."""
    trace = attachment.trace
    bias: torch.Tensor = module.bias.detach()

    def book(grad: torch.Tensor) -> None:
        trace.bias.append(inner(grad, bias))

    def watch(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        if output.requires_grad:
            output.register_hook(book)  # type: ignore[no-untyped-call]

    attachment.after(module, watch)

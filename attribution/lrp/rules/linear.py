"""Rules of modules that are linear already: projections, embeddings, containers."""

from typing import Any

import torch
from torch import nn

from attribution.lrp.rules.attach import Attachment
from attribution.lrp.sums import inner


def unchanged(_module: nn.Module, _attachment: Attachment) -> None:
    """A container, an embedding, rotations: the true gradient."""


def linear(module: Any, attachment: Attachment) -> None:
    """y = W x + b: the true gradient; what b absorbs is recorded."""
    if module.bias is not None:
        record_bias(module, attachment)


def record_bias(module: Any, attachment: Attachment) -> None:
    """Record ⟨g, b⟩: what the module's bias b absorbs of the cotangent g of its output (…, d)."""
    trace = attachment.trace
    bias: torch.Tensor = module.bias.detach()

    def record(grad: torch.Tensor) -> None:
        trace.bias.append(inner(grad, bias))

    def watch(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        if output.requires_grad:
            output.register_hook(record)  # type: ignore[no-untyped-call]

    attachment.after(module, watch)

"""Edges that skip layers: a backward pass of their own for every target, a batch at a time.

Such transitions do not compose from the matrices of single layers, because each target's cotangent
takes its own way through the attention. As in arXiv 2604.17761, appendix A: the source states are
copied along the batch, row b gets the cotangent of target b at its position and zero elsewhere,
and one backward serves the whole batch. The layers are called exactly as the model called them
(masks, windows, rotary positions), which the first pass has recorded.
"""

from collections.abc import Sequence
from typing import Any

import torch
from attrs import frozen

from attribution.lrp.rules.attach import Rules, attached
from attribution.lrp.rules.backward_trace import BackwardTrace
from attribution.lrp.rules.layer_pass import LayerCall
from attribution.lrp.settings import PassSettings
from attribution.lrp.sums import inner

BATCH = 16  # targets, where that many fit
_TOKENS = 4096  # of all copies together


def batch_for(n: int) -> int:
    """How many targets are taken together over n tokens: long sequences fill a pass alone."""
    return max(1, min(BATCH, _TOKENS // n))


@frozen(eq=False)
class LayerRange:
    """Neighbouring layers between two stages, as a pass has seen them."""

    calls: Sequence[LayerCall]  # of its layers, in order
    hidden: torch.Tensor  # (n, d) at its beginning
    cotangent: torch.Tensor  # (n, d) ∂Δℓ/∂hidden at its end


def packed_edges(
    model: Any,
    rules: Rules,
    layer_range: LayerRange,
    targets: torch.Tensor,
    settings: PassSettings,
    batch: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """(A[targets] (t, n), softmax leak of each target (t,)), at least float32.

    A[j,i] = ⟨x_i, (∂ x_j^end / ∂ x_i)ᵀ g_j⟩ under the rules; `targets` (t,) int64. `batch` is how
    many targets are taken together; None: `batch_for` n.
    """
    trace = BackwardTrace(settings)
    batch = batch or batch_for(layer_range.hidden.shape[0])
    if not len(targets):
        wide = torch.promote_types(layer_range.hidden.dtype, torch.float32)
        none = layer_range.hidden.new_zeros(0, layer_range.hidden.shape[0], dtype=wide)
        return none, none[:, 0]
    edges, leaks = [], []
    with torch.inference_mode(False), torch.enable_grad(), attached(model, rules, trace):
        for part in torch.split(targets, batch):
            trace.leak.clear()
            start = layer_range.hidden[None].repeat(len(part), 1, 1).requires_grad_()
            grad = _gradient(layer_range, start, part)
            edges.append(inner(start.detach(), grad))
            leaks.append(edges[-1].new_zeros(len(part)))
            for leak in trace.leak.values():  # of each layer, (batch, n); CP-LRP has none
                leaks[-1] += leak.sum(-1).to(leaks[-1])
    return torch.cat(edges), torch.cat(leaks)


def _gradient(layer_range: LayerRange, start: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """(batch, n, d): of target b's relevance, for the copy `start[b]` of the source states."""
    hidden = start
    for call in layer_range.calls:
        layer: Any = call.module
        hidden = layer(hidden, *call.arguments, **call.options)
    cotangents = torch.zeros_like(hidden)
    copies = torch.arange(len(targets), device=hidden.device)
    targets = targets.to(hidden.device)
    cotangents[copies, targets] = layer_range.cotangent.to(hidden.device)[targets]
    (grad,) = torch.autograd.grad(hidden, start, cotangents)
    return grad

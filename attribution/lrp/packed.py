"""Edges that skip layers: a backward pass of their own for every target, a batch at a time.

Such transitions do not compose from the matrices of single layers, because each target's cotangent
takes its own way through the attention. As in arXiv 2604.17761, appendix A: the source states are
copied along the batch, row b gets the cotangent of target b at its position and zero elsewhere,
and one backward serves the whole batch. The layers are called exactly as the model called them
(masks, windows, rotary positions), which the first pass has recorded.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from attrs import frozen

from attribution.lrp.rules.attach import Rules, attached
from attribution.lrp.rules.backward_trace import BackwardTrace, Call, Method, inner

BATCH = 16  # targets, where that many fit
_TOKENS = 4096  # of all copies together


def batch_for(n: int) -> int:
    """How many targets are taken together over n tokens: long sequences fill a pass alone."""
    return max(1, min(BATCH, _TOKENS // n))


@frozen(eq=False)
class LayerRange:
    """A stretch of layers between two stages that one pass has seen."""

    calls: Sequence[Call]  # of its layers, in order
    hidden: torch.Tensor  # (n, d) at its beginning
    cotangent: torch.Tensor  # (n, d) ∂Δℓ/∂hidden at its end


def packed_rows(
    model: Any,
    rules: Rules,
    span: LayerRange,
    targets: torch.Tensor,
    *,
    method: Method,
    checkpoint: Callable[[], None],
    batch: int | None = None,
    recompute: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """(A[targets] (t, n), softmax leak of each target (t,)), at least float32.

    A[j,i] = ⟨x_i, (∂ x_j^end / ∂ x_i)ᵀ g_j⟩ under the rules; `targets` (t,) int64.
    """
    trace = BackwardTrace(method, checkpoint, recompute=recompute)
    batch = batch or batch_for(span.hidden.shape[0])
    if not len(targets):
        wide = torch.promote_types(span.hidden.dtype, torch.float32)
        none = span.hidden.new_zeros(0, span.hidden.shape[0], dtype=wide)
        return none, none[:, 0]
    rows, leaks = [], []
    with torch.inference_mode(False), torch.enable_grad(), attached(model, rules, trace):
        for part in torch.split(targets, batch):
            trace.leak.clear()
            start = span.hidden[None].repeat(len(part), 1, 1).requires_grad_()
            grad = _one_batch(span, start, part)
            rows.append(inner(start.detach(), grad))
            leaks.append(rows[-1].new_zeros(len(part)))
            for leak in trace.leak.values():  # of each layer, (batch, n); CP-LRP has none
                leaks[-1] += leak.sum(-1).to(leaks[-1])
    return torch.cat(rows), torch.cat(leaks)


def _one_batch(span: LayerRange, start: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    hidden = start
    for call in span.calls:
        layer: Any = call.module
        hidden = layer(hidden, *call.arguments, **call.options)
    cotangents = torch.zeros_like(hidden)
    at = torch.arange(len(targets), device=hidden.device)
    targets = targets.to(hidden.device)
    cotangents[at, targets] = span.cotangent.to(hidden.device)[targets]
    (grad,) = torch.autograd.grad(hidden, start, cotangents)
    return grad

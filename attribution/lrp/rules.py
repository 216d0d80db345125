"""Relevance rules as modified gradients: the forward values stay, only the way back changes.

Under these rules the model is, on the way back, linear in every module but attention: a module
y = W x + b hands the gradient g on as Wᵀ g, so that ⟨g, y⟩ = ⟨Wᵀ g, x⟩ + ⟨g, b⟩. With a norm
scale 1/σ held constant and an activation replaced by its secant f(x)/x that holds for them too.
Attention is a product of three factors, o_j = Σ_i P_ji v_i with P = softmax(S), S = scale·q·k.
For the true gradients at a cotangent g_j on o_j (per head, dP_ji = g_j·v_i):

    Σ_i ⟨v_i, dv_i⟩ = Σ_i P_ji dP_ji                         = g_j·o_j
    ⟨q_j, dq_j⟩     = Σ_i dS_ji S_ji = Σ_i P_ji (dP_ji − g_j·o_j) S_ji = Cov_P(dP_j, S_j)

and the keys' share of the same j is Cov_P(dP_j, S_j) again. AttnLRP passes on ½ dv, ¼ dq and ¼ dk,
hence ½ g_j·o_j + ½ Cov_P(dP_j, S_j), and what goes missing at j is the softmax leak

    leak_j = ½ Σ_heads (g_j·o_j − ⟨q_j, dq_j⟩).

Here q, k and v are what attention really used: after their biases, norms and rotations. Each of
those is linear on the way back, so the share of a bias is the ⟨g, b⟩ of its own module, with the
½ and ¼ already in g. Summed over the model: Δℓ = Σ relevance + Σ leak + Σ bias, for any biases.
CP-LRP holds P constant (dq = dk = 0, all of dv): nothing leaks.

Source: Achtibat et al., AttnLRP (ICML 2024); Arras et al., arXiv 2502.15886 (CP-LRP).
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import torch
from attrs import define, field


class Method(StrEnum):
    ATTNLRP = "attnlrp"
    CPLRP = "cplrp"
    GRADIENT = "gradient"  # gradient × input: no rule at all, the model's true gradient


@define(eq=False)
class Ledger:
    """What one backward pass books beside the relevance of its input.

    `leak[layer]` holds the softmax leak of each query position, shape (n,); `bias` one number per
    module with a bias. Both stay on their device until `total`, so that booking never waits.
    """

    method: Method
    checkpoint: Callable[[], None]  # called per layer, forward and backward; raises Cancelled
    leak: dict[int, torch.Tensor] = field(factory=dict)
    bias: list[torch.Tensor] = field(factory=list)


def total(entries: list[torch.Tensor]) -> float:
    """Σ of all elements, added up in float64 on the CPU (MPS has no float64)."""
    return sum(float(entry.cpu().double().sum()) for entry in entries)


def inner(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """⟨a, b⟩ over the last axis, at least in float32."""
    wide = torch.promote_types(a.dtype, torch.float32)
    return (a.to(wide) * b.to(wide)).sum(-1)


class FrozenRMSNorm(torch.autograd.Function):
    """y = weight · x / σ with 1/σ held constant: g ↦ weight · g / σ."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
        """(…, d) → (…, d); rounds through float32 as the norms of transformers do."""
        single = x.float()
        inverse = torch.rsqrt(single.pow(2).mean(-1, keepdim=True) + eps)
        normalised = single * inverse
        ctx.save_for_backward(weight, _scale(x, normalised, inverse))
        return weight * normalised.to(x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        weight, scale = ctx.saved_tensors
        return (grad * weight).mul(scale).to(grad.dtype), None, None


def _scale(x: torch.Tensor, normalised: torch.Tensor, inverse: torch.Tensor) -> torch.Tensor:
    """The constant s with y = s·x: 1/σ, shape (…, 1).

    In float64 the detour through float32 would cost completeness its last digits: there s is the
    secant y/x, shape (…, d), which differs from 1/σ by that rounding only.
    """
    if x.dtype is not torch.float64:
        return inverse
    return torch.where(x == 0, inverse.double(), normalised.double() / x)


class GatedProduct(torch.autograd.Function):
    """y = f(gate) · up: the slope of f is f(x)/x, each factor receives half of the gradient.

    With f(x) = x · slope(x), slope taken analytically (nothing is divided, 0 needs no care):
    gate ← ½ g · slope(gate) · up, up ← ½ g · slope(gate) · gate.
    """

    @staticmethod
    def forward(
        ctx: Any,
        gate: torch.Tensor,
        up: torch.Tensor,
        activation: Callable[[torch.Tensor], torch.Tensor],
        slope: Callable[[torch.Tensor], torch.Tensor],
    ) -> torch.Tensor:
        """gate, up: (…, m); `activation` is f, `slope` is f(x)/x elementwise."""
        ctx.save_for_backward(gate, up)
        ctx.slope = slope
        return activation(gate) * up

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None, None]:
        gate, up = ctx.saved_tensors
        shared = ctx.slope(gate).mul_(grad).mul_(0.5)
        return shared * up, shared.mul_(gate), None, None


class EnterAttention(torch.autograd.Function):
    """q, k, v unchanged; on the way back ¼ dq, ¼ dk, ½ dv, and −½ Σ_heads ⟨q, dq⟩ is booked.

    Between this and `LeaveAttention` lies any true attention kernel. Its own backward gives the
    true gradients, so that the rule costs no attention matrix and no time of its own.
    """

    @staticmethod
    def forward(
        ctx: Any,
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        ledger: Ledger,
        layer: int,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """q: (1, heads, n, head_dim); k, v: (1, kv heads, n, head_dim)."""
        ctx.save_for_backward(q)
        ctx.ledger, ctx.layer = ledger, layer
        return q.view_as(q), k.view_as(k), v.view_as(v)

    @staticmethod
    def backward(
        ctx: Any, dq: torch.Tensor, dk: torch.Tensor, dv: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, None, None]:
        (q,) = ctx.saved_tensors
        covariance = inner(q, dq).sum(dim=(0, 1))  # (n,)
        ctx.ledger.leak[ctx.layer] -= 0.5 * covariance
        return dq * 0.25, dk * 0.25, dv * 0.5, None, None


class LeaveAttention(torch.autograd.Function):
    """o unchanged; on the way back ½ Σ_heads ⟨g, o⟩ is booked."""

    @staticmethod
    def forward(ctx: Any, o: torch.Tensor, ledger: Ledger, layer: int) -> torch.Tensor:
        """o: (1, n, heads, head_dim)."""
        ctx.save_for_backward(o)
        ctx.ledger, ctx.layer = ledger, layer
        return o.view_as(o)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (o,) = ctx.saved_tensors
        ctx.ledger.leak[ctx.layer] = 0.5 * inner(grad, o).sum(dim=(0, 2))  # (n,)
        return grad, None, None

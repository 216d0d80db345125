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
from typing import Any

import torch

from attribution.lrp.rules.backward_trace import BackwardTrace
from attribution.lrp.rules.layer_pass import AttentionPass
from attribution.lrp.settings import Method
from attribution.lrp.sums import inner

Elementwise = Callable[[torch.Tensor], torch.Tensor]


def apply(function: type[torch.autograd.Function], *arguments: Any) -> Any:
    """`function.apply`, which torch leaves untyped."""
    return function.apply(*arguments)  # type: ignore[no-untyped-call]


class FrozenNorm(torch.autograd.Function):
    """y = J x (+ β) with the scale in J held constant: g ↦ Jᵀ g.

    RMSNorm: J = diag(weight · scale). LayerNorm: J = diag(weight · scale) (I − 11ᵀ/d).
    """

    @staticmethod
    def forward(
        ctx: Any,
        _x: torch.Tensor,
        y: torch.Tensor,
        weight: torch.Tensor | None,
        scale: torch.Tensor,
        centred: bool,
    ) -> torch.Tensor:
        """y: (…, d), what the module computed.

        _x: (…, d), which receives the gradient; weight: (d,) or None; scale: (…, 1) or (…, d);
        `centred` for LayerNorm.
        """
        ctx.centred = centred
        ctx.save_for_backward(scale, *([weight] if weight is not None else []))
        return y.view_as(y)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        scale, *weight = ctx.saved_tensors
        back = (grad * weight[0]).mul(scale) if weight else grad * scale
        if ctx.centred:
            back = back - back.mean(-1, keepdim=True)
        return back.to(grad.dtype), None, None, None, None


class GatedProduct(torch.autograd.Function):
    """y = f(gate) · up: f has its secant for a slope, each factor receives half of the gradient.

    With f(x) = x · s(x), the secant s in closed form (nothing is divided, 0 needs no care):
    gate ← ½ g · s(gate) · up, up ← ½ g · s(gate) · gate.
    """

    @staticmethod
    def forward(
        ctx: Any, gate: torch.Tensor, up: torch.Tensor, activation: Elementwise, secant: Elementwise
    ) -> torch.Tensor:
        """(…, m), (…, m) → (…, m); `activation` is f, `secant` is f(x)/x, both elementwise."""
        ctx.save_for_backward(gate, up)
        ctx.secant = secant
        return activation(gate) * up

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None, None]:
        gate, up = ctx.saved_tensors
        shared = ctx.secant(gate).mul_(grad).mul_(0.5)
        return shared * up, shared.mul_(gate), None, None


class Secant(torch.autograd.Function):
    """y = f(x) with the secant f(x)/x instead of the slope f′(x)."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, activation: Elementwise, secant: Elementwise
    ) -> torch.Tensor:
        """x of any shape → the same shape."""
        ctx.save_for_backward(x)
        ctx.secant = secant
        return activation(x)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (x,) = ctx.saved_tensors
        return ctx.secant(x).mul_(grad), None, None


class ScaleGradient(torch.autograd.Function):
    """y = x, of whose gradient only `share` gets through."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, share: float) -> torch.Tensor:
        """x of any shape → the same shape."""
        ctx.share = share
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        return grad * ctx.share, None


class EnterAttention(torch.autograd.Function):
    """q, k, v unchanged; on the way back ¼ dq, ¼ dk, ½ dv, and −½ Σ_heads ⟨q, dq⟩ is recorded.

    Between this and `LeaveAttention` lies any true attention kernel. Its own backward gives the
    true gradients, so that the rule costs no attention matrix and no time of its own. CP-LRP: q
    and k are constants, and all of dv passes.
    """

    @staticmethod
    def forward(
        ctx: Any, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, call: "AttentionCall"
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """q: (batch, heads, n, head_dim); k, v: (batch, kv heads, n, head_dim)."""
        ctx.call = call
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(q, k, v)
        outputs = q.view_as(q), k.view_as(k), v.view_as(v)
        if call.trace.method is Method.CPLRP:
            ctx.mark_non_differentiable(outputs[0], outputs[1])
        return outputs

    @staticmethod
    def backward(
        ctx: Any, dq: torch.Tensor | None, dk: torch.Tensor | None, dv: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor | None, torch.Tensor, None]:
        call: AttentionCall = ctx.call
        q, k, v = ctx.saved_tensors
        if dq is not None:
            covariance = inner(q, dq).sum(dim=1)  # (batch, n)
            call.trace.leak[call.layer] -= 0.5 * covariance
        call.record(q, k, v, dq)
        if dq is None or dk is None:
            return None, None, dv, None
        return dq * 0.25, dk * 0.25, dv * 0.5, None


class LeaveAttention(torch.autograd.Function):
    """o unchanged; on the way back ½ Σ_heads ⟨g, o⟩ is recorded (AttnLRP)."""

    @staticmethod
    def forward(ctx: Any, o: torch.Tensor, call: "AttentionCall") -> torch.Tensor:
        """o: (batch, n, heads, head_dim)."""
        ctx.save_for_backward(o)
        ctx.call = call
        return o.view_as(o)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        (o,) = ctx.saved_tensors
        trace, layer = ctx.call.trace, ctx.call.layer
        if trace.method is Method.ATTNLRP:
            trace.leak[layer] = 0.5 * inner(grad, o).sum(dim=2)  # (batch, n)
        if trace.observers.on_layer is not None:
            trace.current.attention_outputs[layer] = (o, grad)
        return grad, None


class AttentionCall:
    """One call of an attention while a pass goes through its layer."""

    def __init__(
        self, trace: BackwardTrace, layer: int, scale: float, mask: torch.Tensor | None
    ) -> None:
        """mask: (batch or 1, 1, n, n) bool, True: may be seen; None: causal."""
        self.trace, self.layer, self.scale, self.mask = trace, layer, scale, mask

    def record(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, dq: torch.Tensor | None
    ) -> None:
        """Keep the whole attention in the trace where its edges are wanted.

        q, dq: (batch, heads, n, head_dim); k, v: (batch, kv heads, n, head_dim).
        """
        if self.trace.observers.on_layer is None:
            return
        output, cotangent = self.trace.current.attention_outputs.pop(self.layer)
        self.trace.current.attention[self.layer] = AttentionPass(
            query=q.detach()[0],
            key=k.detach()[0],
            value=v.detach()[0],
            output=output.detach()[0].transpose(0, 1),
            cotangent=cotangent[0].transpose(0, 1),
            query_grad=None if dq is None else dq[0],
            scale=self.scale,
            mask=None if self.mask is None else self.mask[0, 0],
        )

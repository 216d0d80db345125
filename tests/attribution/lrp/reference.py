"""An independent AttnLRP / CP-LRP: eager attention, rules by detaching, one equation per line.

Shares nothing with the product but the weights. Slow, and it keeps every attention matrix.
"""

from typing import Any

import torch
from attrs import frozen
from torch.nn.functional import linear, silu

from attribution.lrp.relevance import Method


@frozen
class Expected:
    relevance: torch.Tensor  # (n,)
    leak: float
    bias: float


def expected(model: Any, ids: torch.Tensor, target: int, contrast: int, method: Method) -> Expected:
    attnlrp = method is Method.ATTNLRP
    inner = model.model
    x0 = inner.embed_tokens(ids).detach().requires_grad_()
    positions = torch.arange(len(ids))[None]
    cos, sin = (part[0] for part in inner.rotary_emb(x0[None], positions))
    heads: list[dict[str, torch.Tensor]] = []
    x = x0
    for layer in inner.layers:
        x = x + _attention(layer, _norm(layer.input_layernorm, x), (cos, sin), attnlrp, heads)
        x = x + _mlp(layer.mlp, _norm(layer.post_attention_layernorm, x), attnlrp)
    out = linear(_norm(inner.norm, x)[-1], model.lm_head.weight, model.lm_head.bias)
    biases = [p for name, p in model.named_parameters() if name.endswith("bias")]
    outputs = [head["o"] for head in heads]
    grads = torch.autograd.grad(
        out[target] - out[contrast], [x0, *outputs, *biases], allow_unused=True
    )
    cotangents, slopes = grads[1 : 1 + len(outputs)], grads[1 + len(outputs) :]
    pairs = [(b, g) for b, g in zip(biases, slopes, strict=True) if g is not None]
    return Expected(
        relevance=(x0 * grads[0]).sum(-1).detach(),
        leak=sum(map(_leak, heads, cotangents)) if attnlrp else 0.0,
        bias=sum(float((b.detach() * g).sum()) for b, g in pairs),
    )


def _scaled(x: torch.Tensor, share: float) -> torch.Tensor:
    """x, of whose gradient only `share` gets through."""
    return share * x + (1 - share) * x.detach()


def _norm(norm: Any, x: torch.Tensor) -> torch.Tensor:
    return x * (norm(x) / x).detach()


def _mlp(mlp: Any, x: torch.Tensor, attnlrp: bool) -> torch.Tensor:
    gate, up = mlp.gate_proj(x), mlp.up_proj(x)
    if not attnlrp:
        return mlp.down_proj(silu(gate).detach() * up)
    secant = gate * (silu(gate) / gate).detach()
    return mlp.down_proj(_scaled(secant * up, 0.5))


def _rotate(x: torch.Tensor, angles: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    half = x.shape[-1] // 2
    return x * angles[0] + torch.cat((-x[..., half:], x[..., :half]), -1) * angles[1]


def _attention(
    layer: Any,
    x: torch.Tensor,
    angles: tuple[torch.Tensor, torch.Tensor],
    attnlrp: bool,
    heads: list[dict[str, torch.Tensor]],
) -> torch.Tensor:
    module = layer.self_attn
    n, width = len(x), module.head_dim
    q, k, v = (p(x).view(n, -1, width) for p in (module.q_proj, module.k_proj, module.v_proj))
    if hasattr(module, "q_norm"):
        q, k = _norm(module.q_norm, q), _norm(module.k_norm, k)
    if attnlrp:
        q, k, v = _scaled(q, 0.25), _scaled(k, 0.25), _scaled(v, 0.5)
    else:
        q, k = q.detach(), k.detach()
    distance = torch.arange(n)[:, None] - torch.arange(n)
    hidden = (distance < 0) | (distance >= (getattr(module, "sliding_window", None) or n))
    outputs = []
    for head in range(q.shape[1]):
        shared = head // (q.shape[1] // k.shape[1])
        s = _rotate(q[:, head], angles) @ _rotate(k[:, shared], angles).T / width**0.5
        p = s.masked_fill(hidden, -torch.inf).softmax(-1)
        o = p @ v[:, shared]
        heads.append({"s": s.detach(), "p": p.detach(), "v": v[:, shared].detach(), "o": o})
        outputs.append(o)
    return module.o_proj(torch.cat(outputs, -1))


def _leak(head: dict[str, torch.Tensor], e: torch.Tensor) -> float:
    """½ Σ_j (e_j·o_j − Cov_P(dP_j, S_j)), as attribution theory states it."""
    p, s, dp = head["p"], head["s"], e @ head["v"].T
    covariance = (p * dp * s).sum(-1) - (p * dp).sum(-1) * (p * s).sum(-1)
    return float(0.5 * ((e * head["o"].detach()).sum(-1) - covariance).sum())

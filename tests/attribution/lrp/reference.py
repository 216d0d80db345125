"""An independent AttnLRP / CP-LRP: eager attention, rules by detaching, one equation per line.

Shares nothing with the product but the weights. Slow, and it keeps every attention matrix.
"""

from typing import Any

import torch
from attrs import frozen
from torch import nn
from torch.nn.functional import linear

from attribution.lrp.settings import Method

Head = dict[str, torch.Tensor]  # s, p: (n, n); v, o: (n, head_dim)


@frozen
class Expected:
    nodes: torch.Tensor  # (stages, n), numbered as in stages.py
    leak: float
    bias: float


@frozen
class Layer:
    """A decoder layer, whatever its family calls the parts; None: there is no such norm."""

    attention: Any
    mlp: Any
    norms: tuple[Any, Any, Any, Any]  # before and behind the attention, before and behind the MLP


def parts(layer: Any) -> Layer:
    if hasattr(layer, "ln_1"):
        return Layer(layer.attn, layer.mlp, (layer.ln_1, None, layer.ln_2, None))
    first = getattr(layer, "input_layernorm", None)
    if first is None:  # OLMo
        behind = (layer.post_attention_layernorm, layer.post_feedforward_layernorm)
        return Layer(layer.self_attn, layer.mlp, (None, behind[0], None, behind[1]))
    if hasattr(layer, "pre_feedforward_layernorm"):  # Gemma
        inner = (layer.post_attention_layernorm, layer.pre_feedforward_layernorm)
        return Layer(layer.self_attn, layer.mlp, (first, *inner, layer.post_feedforward_layernorm))
    return Layer(layer.self_attn, layer.mlp, (first, None, layer.post_attention_layernorm, None))


def expected(model: Any, ids: torch.Tensor, target: int, contrast: int, method: Method) -> Expected:
    attnlrp = method is Method.ATTNLRP
    inner = model.base_model
    x0 = model.get_input_embeddings()(ids).detach()
    if hasattr(inner, "wpe"):
        x0 = x0 + inner.wpe(torch.arange(len(ids))).detach()
    x0.requires_grad_()
    heads: list[Head] = []
    states = [x0]
    for number, module in enumerate(_layers(inner)):
        layer, x = parts(module), states[-1]
        seen = _heads(layer.attention, _read(layer, x, attnlrp), _angles(inner, x, number))
        states.append(x + _written(layer, [head["o"] for head in seen]))
        mlp = _mlp(layer.mlp, _norm(layer.norms[2], states[-1]), attnlrp)
        states.append(states[-1] + _norm(layer.norms[3], mlp))
        heads += seen
    final = inner.norm if hasattr(inner, "norm") else inner.ln_f
    out = linear(_norm(final, states[-1])[-1], model.lm_head.weight, model.lm_head.bias)
    biases = [p for name, p in model.named_parameters() if name.endswith("bias")]
    outputs = [head["o"] for head in heads]
    grads = torch.autograd.grad(
        out[target] - out[contrast], [*states, *outputs, *biases], allow_unused=True
    )
    ends = len(states), len(states) + len(outputs)
    pairs = [(b, g) for b, g in zip(biases, grads[ends[1] :], strict=True) if g is not None]
    nodes = [(x * grad).sum(-1).detach() for x, grad in zip(states, grads, strict=False)]
    return Expected(
        nodes=torch.stack(nodes),
        leak=sum(map(_leak, heads, grads[ends[0] : ends[1]])) if attnlrp else 0.0,
        bias=sum(float((b.detach() * g).sum()) for b, g in pairs),
    )


def attention_edges(
    model: Any, number: int, ends: tuple[torch.Tensor, torch.Tensor], head: int, way: int
) -> torch.Tensor:
    """(n, n): what one head of layer `number` hands from targets to sources, by AttnLRP, one way.

    `ends`: the states before the layer and the cotangents of those after its attention, each
    (n, d). The ways are VALUE, KEY, QUERY of closed_form.py; the others and the other heads are
    constants, and there is one backward per target.
    """
    inner, layer = model.base_model, parts(_layers(model.base_model)[number])
    x = ends[0].clone().requires_grad_()
    read = tuple(
        part if place == 2 - way else part.detach()
        for place, part in enumerate(_read(layer, x, attnlrp=True))
    )
    seen = _heads(layer.attention, read, _angles(inner, x, number))
    outputs = [one["o"] if k == head else one["o"].detach() for k, one in enumerate(seen)]
    scores = (_written(layer, outputs) * ends[1]).sum(-1)
    grads = [torch.autograd.grad(score, x, retain_graph=True)[0] for score in scores]
    return torch.stack([(x * grad).sum(-1).detach() for grad in grads])


def _layers(inner: Any) -> Any:
    return inner.layers if hasattr(inner, "layers") else inner.h


def _scaled(x: torch.Tensor, share: float) -> torch.Tensor:
    """x, of whose gradient only `share` gets through."""
    return share * x + (1 - share) * x.detach()


def _norm(norm: Any, x: torch.Tensor) -> torch.Tensor:
    if norm is None:
        return x
    if isinstance(norm, nn.LayerNorm):
        centred = x - x.mean(-1, keepdim=True)
        deviation = (x.var(-1, keepdim=True, unbiased=False) + norm.eps).sqrt().detach()
        return centred / deviation * norm.weight + norm.bias
    return x * (norm(x) / x).detach()


def _secant(act: Any, x: torch.Tensor) -> torch.Tensor:
    return x * (act(x) / x).detach()


def _mlp(mlp: Any, x: torch.Tensor, attnlrp: bool) -> torch.Tensor:
    if hasattr(mlp, "experts"):
        return _experts(mlp, x, attnlrp)
    if hasattr(mlp, "c_fc"):
        return mlp.c_proj(_secant(mlp.act, mlp.c_fc(x)))
    if hasattr(mlp, "gate_up_proj"):
        gate, up = mlp.gate_up_proj(x).chunk(2, -1)
    else:
        gate, up = mlp.gate_proj(x), mlp.up_proj(x)
    act = mlp.act_fn if hasattr(mlp, "act_fn") else mlp.activation_fn
    return mlp.down_proj(_product(act, gate, up, attnlrp))


def _product(act: Any, gate: torch.Tensor, up: torch.Tensor, attnlrp: bool) -> torch.Tensor:
    return _scaled(_secant(act, gate) * up, 0.5) if attnlrp else act(gate).detach() * up


def _experts(block: Any, x: torch.Tensor, attnlrp: bool) -> torch.Tensor:
    """Token by token, expert by expert."""
    chances = (x.detach() @ block.gate.weight.T).softmax(-1, dtype=torch.float)
    weights, chosen = chances.topk(block.gate.top_k, -1)
    weights = (weights / weights.sum(-1, keepdim=True)).to(x.dtype)
    experts, rows = block.experts, []
    for k in range(len(x)):
        row = torch.zeros_like(x[k])
        for weight, expert in zip(weights[k], chosen[k], strict=True):
            gate, up = (experts.gate_up_proj[expert] @ x[k]).chunk(2)
            product = _product(experts.act_fn, gate, up, attnlrp)
            row = row + weight * (experts.down_proj[expert] @ product)
        rows.append(row)
    return torch.stack(rows)


def _angles(inner: Any, x: torch.Tensor, layer: int) -> tuple[torch.Tensor, torch.Tensor] | None:
    if not hasattr(inner, "rotary_emb"):
        return None
    positions = torch.arange(len(x))[None]
    kinds = getattr(inner.rotary_emb, "layer_types", None)
    own = () if kinds is None else (inner.config.layer_types[layer],)
    cos, sin = inner.rotary_emb(x[None], positions, *own)
    return cos[0], sin[0]


def _rotate(x: torch.Tensor, angles: tuple[torch.Tensor, torch.Tensor] | None) -> torch.Tensor:
    if angles is None:
        return x
    half = x.shape[-1] // 2
    return x * angles[0] + torch.cat((-x[..., half:], x[..., :half]), -1) * angles[1]


def _projections(module: Any, x: torch.Tensor, width: int) -> tuple[torch.Tensor, ...]:
    """q, k, v, each (n, heads, width)."""
    if hasattr(module, "c_attn"):
        found = module.c_attn(x).chunk(3, -1)
    elif hasattr(module, "qkv_proj"):
        kv = module.num_key_value_heads * width
        whole = module.qkv_proj(x)
        found = whole.split([whole.shape[-1] - 2 * kv, kv, kv], -1)
    else:
        found = tuple(p(x) for p in (module.q_proj, module.k_proj, module.v_proj))
    norms = (getattr(module, "q_norm", None), getattr(module, "k_norm", None), None)
    split = []
    for part, norm in zip(found, norms, strict=True):
        whole_row = norm is not None and norm.weight.numel() != width  # OLMo
        part = _norm(norm, part) if whole_row else part
        part = part.view(len(x), -1, width)
        split.append(part if whole_row else _norm(norm, part))
    return tuple(split)


def _read(layer: Layer, x: torch.Tensor, attnlrp: bool) -> tuple[torch.Tensor, ...]:
    """q, k and v before rotation, with the shares of the gradient that they receive."""
    q, k, v = _projections(layer.attention, _norm(layer.norms[0], x), layer.attention.head_dim)
    if attnlrp:
        return _scaled(q, 0.25), _scaled(k, 0.25), _scaled(v, 0.5)
    return q.detach(), k.detach(), v


def _heads(
    module: Any,
    read: tuple[torch.Tensor, ...],
    angles: tuple[torch.Tensor, torch.Tensor] | None,
) -> list[Head]:
    q, k, v = read
    n = len(q)
    distance = torch.arange(n)[:, None] - torch.arange(n)
    hidden = (distance < 0) | (distance >= (_window(module) or n))
    found = []
    for head in range(q.shape[1]):
        shared = head // (q.shape[1] // k.shape[1])
        s = _rotate(q[:, head], angles) @ _rotate(k[:, shared], angles).T * module.scaling
        p = s.masked_fill(hidden, -torch.inf).softmax(-1)
        o = p @ v[:, shared]
        found.append({"s": s.detach(), "p": p.detach(), "v": v[:, shared].detach(), "o": o})
    return found


def _written(layer: Layer, outputs: list[torch.Tensor]) -> torch.Tensor:
    """What the attention adds to the residual stream."""
    module, joined = layer.attention, torch.cat(outputs, -1)
    out = module.o_proj(joined) if hasattr(module, "o_proj") else module.c_proj(joined)
    return _norm(layer.norms[1], out)


def _window(module: Any) -> int | None:
    if hasattr(module, "sliding_window"):
        return module.sliding_window
    kind = type(module).__name__
    return module.config.sliding_window if kind in ("MistralAttention", "Phi3Attention") else None


def _leak(head: Head, e: torch.Tensor) -> float:
    """½ Σ_j (e_j·o_j − Cov_P(dP_j, S_j)), as attribution theory states it."""
    p, s, dp = head["p"], head["s"], e @ head["v"].T
    covariance = (p * dp * s).sum(-1) - (p * dp).sum(-1) * (p * s).sum(-1)
    return float(0.5 * ((e * head["o"].detach()).sum(-1) - covariance).sum())

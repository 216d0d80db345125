"""Rules of RMSNorm and LayerNorm: the scale 1/σ is held constant (AttnLRP, Achtibat et al. 2024).

x and y are (…, d), weight and β (d,), 1/σ (…, 1).
"""

from functools import partial
from typing import Any

import torch

from attribution.lrp.rules.attach import Attachment, Rule
from attribution.lrp.rules.autograd import FrozenNorm, apply
from attribution.lrp.rules.backward_trace import BackwardTrace
from attribution.lrp.rules.linear import record_bias


def rms_norm(eps: str = "variance_epsilon", offset: float = 0.0) -> Rule:
    """y = (offset + weight) · x / σ with 1/σ held constant.

    `eps` names the attribute that holds ε, `offset` is added to the weight (Gemma: 1).
    """

    def rule(module: Any, attachment: Attachment) -> None:
        if attachment.trace.method.ruled:
            # Gemma adds in float32; in bfloat16 1 + weight would lose its last digits.
            weight = module.weight.detach().float() + offset if offset else module.weight.detach()
            epsilon = getattr(module, eps)
            attachment.replace_forward(
                module, partial(_frozen_rms, module, attachment.trace, weight, epsilon)
            )

    return rule


def _frozen_rms(
    norm: Any, trace: BackwardTrace, weight: torch.Tensor, eps: float, x: torch.Tensor
) -> torch.Tensor:
    if trace.current.at_zero:
        return trace.frozen_norms[norm](x)
    y = _true_output(norm, x)
    if x.dtype is torch.float64:
        # The module itself rounds through float32; with the secant y/x, which differs from
        # weight/σ by that rounding only, completeness keeps its last digits.
        factor, scale = None, torch.where(x == 0, torch.zeros_like(x), y / x).detach()
    else:
        wide = x.detach().float()
        factor, scale = weight, torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps)
    if trace.observers.on_layer is not None:
        trace.frozen_norms[norm] = partial(_scaled, factor, scale)
    output: torch.Tensor = apply(FrozenNorm, x, y, factor, scale, False)
    return output


def _scaled(weight: torch.Tensor | None, scale: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    y = x * scale
    return (y if weight is None else y * weight).to(x.dtype)


def layer_norm(module: Any, attachment: Attachment) -> None:
    """y = weight · (x − mean) / σ + β with 1/σ held constant; what β absorbs is recorded."""
    if not attachment.trace.method.ruled:
        return
    attachment.replace_forward(module, partial(_frozen_layer_norm, module, attachment.trace))
    if module.bias is not None:
        record_bias(module, attachment)


def _frozen_layer_norm(norm: Any, trace: BackwardTrace, x: torch.Tensor) -> torch.Tensor:
    if trace.current.at_zero:
        return trace.frozen_norms[norm](x)
    y = _true_output(norm, x)
    variance = x.detach().var(-1, keepdim=True, unbiased=False)
    scale = torch.rsqrt(variance + norm.eps)
    if trace.observers.on_layer is not None:
        trace.frozen_norms[norm] = partial(_centred, norm, scale)
    output: torch.Tensor = apply(FrozenNorm, x, y, norm.weight, scale, True)
    return output


def _centred(norm: Any, scale: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    y: torch.Tensor = (x - x.mean(-1, keepdim=True)) * scale * norm.weight
    return y if norm.bias is None else y + norm.bias


def _true_output(module: Any, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        output: torch.Tensor = type(module).forward(module, x)
    return output

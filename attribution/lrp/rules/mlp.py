"""Rules of MLPs: half of the gradient to each factor of a gate, secants of activations.

x and the output of an MLP are (…, d), gate and up (…, m).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from attribution.lrp.rules.activations import SECANTS, constant, with_secant
from attribution.lrp.rules.attach import Attachment, Rule
from attribution.lrp.rules.autograd import Elementwise, GatedProduct, apply
from attribution.lrp.rules.neurons import watch_neurons
from attribution.lrp.settings import Method

GateAndUp = Callable[[Any, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


def two_projections(mlp: Any, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Gate and up by a projection each."""
    return mlp.gate_proj(x), mlp.up_proj(x)


def fused_projection(mlp: Any, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Gate and up out of one projection."""
    gate, up = mlp.gate_up_proj(x).chunk(2, dim=-1)
    return gate, up


def gated_mlp(activation: str = "act_fn", gate_and_up: GateAndUp = two_projections) -> Rule:
    """down(f(gate) · up): half to each factor (AttnLRP), or all of it to up (CP-LRP).

    `activation` names the attribute that holds f.
    """

    def rule(module: Any, attachment: Attachment) -> None:
        act = getattr(module, activation)
        if attachment.trace.method is Method.ATTNLRP:
            secant = SECANTS[type(act)]
            attachment.replace_forward(module, partial(_halved, module, gate_and_up, act, secant))
        elif attachment.trace.method is Method.CPLRP:
            attachment.override(module, activation, partial(constant, act))
        watch_neurons(module.down_proj, attachment)

    return rule


def _halved(
    mlp: Any, gate_and_up: GateAndUp, act: Elementwise, secant: Elementwise, x: torch.Tensor
) -> torch.Tensor:
    product = apply(GatedProduct, *gate_and_up(mlp, x), act, secant)
    output: torch.Tensor = mlp.down_proj(product)
    return output


def mlp(module: Any, attachment: Attachment) -> None:
    """proj(f(fc(x))) without a gate (GPT-2): the secant of f under both rules."""
    act = module.act
    if attachment.trace.method.ruled:
        attachment.override(module, "act", partial(with_secant, act, SECANTS[type(act)]))
    watch_neurons(module.c_proj, attachment)

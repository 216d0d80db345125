"""Rules of MLPs: secants of activations, halves for products, constant weights of experts."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import nn
from transformers import activations

from attribution.lrp.rules.attach import Attachment, Rule, current_forward
from attribution.lrp.rules.autograd import Elementwise, GatedProduct, ScaleGradient, Secant, apply
from attribution.lrp.rules.backward_trace import Method


def _gelu_slope(x: torch.Tensor) -> torch.Tensor:
    return torch.erf(x / math.sqrt(2)).add_(1).mul_(0.5)


def _gelu_tanh_slope(x: torch.Tensor) -> torch.Tensor:
    return torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x.pow(3))).add_(1).mul_(0.5)


SLOPES: Mapping[type[nn.Module], Elementwise] = {
    # f(x)/x of each activation, in closed form
    activations.SiLUActivation: torch.sigmoid,
    nn.SiLU: torch.sigmoid,
    activations.GELUActivation: _gelu_slope,
    activations.GELUTanh: _gelu_tanh_slope,
    activations.NewGELUActivation: _gelu_tanh_slope,
}

GateAndUp = Callable[[Any, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


def _apart(mlp: Any, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return mlp.gate_proj(x), mlp.up_proj(x)


def fused(mlp: Any, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Gate and up out of one projection."""
    gate, up = mlp.gate_up_proj(x).chunk(2, dim=-1)
    return gate, up


def gated_mlp(activation: str = "act_fn", gate_and_up: GateAndUp = _apart) -> Rule:
    """down(f(gate) · up): half to each factor (AttnLRP), or all of it to up (CP-LRP)."""

    def rule(module: Any, attachment: Attachment) -> None:
        act = getattr(module, activation)
        if attachment.trace.method is Method.ATTNLRP:
            slope = SLOPES[type(act)]
            attachment.replace_forward(module, partial(_halves, module, gate_and_up, act, slope))
        elif attachment.trace.method is Method.CPLRP:
            attachment.override(module, activation, partial(_constant, act))
        watch_neurons(module.down_proj, attachment)

    return rule


def _halves(
    mlp: Any, gate_and_up: GateAndUp, act: Elementwise, slope: Elementwise, x: torch.Tensor
) -> torch.Tensor:
    product = apply(GatedProduct, *gate_and_up(mlp, x), act, slope)
    output: torch.Tensor = mlp.down_proj(product)
    return output


def _constant(act: Elementwise, gate: torch.Tensor) -> torch.Tensor:
    return act(gate.detach())


def _secant(act: Elementwise, slope: Elementwise, x: torch.Tensor) -> torch.Tensor:
    output: torch.Tensor = apply(Secant, x, act, slope)
    return output


def mlp(module: Any, attachment: Attachment) -> None:
    """proj(f(fc(x))) without a gate (GPT-2): the secant of f under both rules."""
    if attachment.trace.method.ruled:
        attachment.override(module, "act", partial(_secant, module.act, SLOPES[type(module.act)]))
    watch_neurons(module.c_proj, attachment)


def experts(module: Any, attachment: Attachment) -> None:
    """Σ_e w_e · down_e(f(gate_e) · up_e) with constant w, whichever kernel computes it.

    Without biases, half of the gradient to each factor is half of it to the block's input, under
    the secant of f.
    """
    act = module.act_fn
    if attachment.trace.method is Method.ATTNLRP:
        attachment.override(module, "act_fn", partial(_secant, act, SLOPES[type(act)]))
        attachment.after(module, lambda _module, _inputs, output: apply(ScaleGradient, output, 0.5))
    elif attachment.trace.method is Method.CPLRP:
        attachment.override(module, "act_fn", partial(_constant, act))


def router(module: Any, attachment: Attachment) -> None:
    """The weights of the experts are constants: relevance flows through what they compute."""
    if attachment.trace.method.ruled:
        forward = current_forward(module)
        attachment.replace_forward(module, lambda hidden: forward(hidden.detach()))


def watch_neurons(projection: Any, attachment: Attachment) -> None:
    """Tell the trace what the last projection of an MLP reads, and its cotangent.

    Of the tokens that it wants only: all neurons of all layers would be more than a pass keeps.
    """
    trace = attachment.trace
    tell = trace.on_neurons
    if tell is None:
        return

    def before(_module: nn.Module, inputs: tuple[torch.Tensor, ...], _options: object) -> None:
        layer, neurons = trace.current.index, inputs[0]
        tokens = trace.neuron_tokens.get(layer)
        if tokens and neurons.requires_grad:
            kept = neurons.detach()[:, tokens]
            neurons.register_hook(lambda grad: tell(layer, kept, grad[:, tokens]))  # type: ignore[no-untyped-call]

    attachment.before(projection, before)

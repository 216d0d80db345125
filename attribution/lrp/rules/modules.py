"""One rule per kind of module; families/ say which class is of which kind."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import activations

from attribution.lrp.rules.autograd import (
    Elementwise,
    FrozenNorm,
    GatedProduct,
    ScaleGradient,
    Secant,
)
from attribution.lrp.rules.backward_trace import BackwardTrace, Call, Method, inner
from attribution.lrp.rules.patch import Patch, Rule, current_forward


def _apply(function: type[torch.autograd.Function], *arguments: Any) -> Any:
    return function.apply(*arguments)  # type: ignore[no-untyped-call]


def plain(_module: nn.Module, _patch: Patch) -> None:
    """A container, an embedding, rotations: nothing to change on the way back."""


def linear(module: Any, patch: Patch) -> None:
    """y = W x + b: the true gradient; what b absorbs is booked."""
    if module.bias is not None:
        _book_bias(module, patch)


def _book_bias(module: Any, patch: Patch) -> None:
    trace = patch.trace
    bias: torch.Tensor = module.bias.detach()

    def book(grad: torch.Tensor) -> None:
        trace.bias.append(inner(grad, bias))

    def watch(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        if output.requires_grad:
            output.register_hook(book)  # type: ignore[no-untyped-call]

    patch.after(module, watch)


# Norms


def rms_norm(eps: str = "variance_epsilon", offset: float = 0.0) -> Rule:
    """y = (offset + weight) · x / σ with 1/σ held constant; `eps` names the attribute."""

    def rule(module: Any, patch: Patch) -> None:
        if patch.trace.method.ruled:
            # Gemma adds in float32; in bfloat16 1 + weight would lose its last digits.
            weight = module.weight.detach().float() + offset if offset else module.weight.detach()
            epsilon = getattr(module, eps)
            patch.replace_forward(
                module, partial(_frozen_rms, module, patch.trace, weight, epsilon)
            )

    return rule


def _frozen_rms(
    norm: Any, trace: BackwardTrace, weight: torch.Tensor, eps: float, x: torch.Tensor
) -> torch.Tensor:
    if trace.at_zero:
        return trace.scales[norm](x)
    y = _true_output(norm, x)
    if x.dtype is torch.float64:
        # The module itself rounds through float32; with the secant y/x, which differs from
        # weight/σ by that rounding only, completeness keeps its last digits.
        factor, scale = None, torch.where(x == 0, torch.zeros_like(x), y / x).detach()
    else:
        wide = x.detach().float()
        factor, scale = weight, torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps)
    if trace.on_layer is not None:
        trace.scales[norm] = partial(_scaled, factor, scale)
    output: torch.Tensor = _apply(FrozenNorm, x, y, factor, scale, False)
    return output


def _scaled(weight: torch.Tensor | None, scale: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    y = x * scale
    return (y if weight is None else y * weight).to(x.dtype)


def layer_norm(module: Any, patch: Patch) -> None:
    """y = weight · (x − mean) / σ + β with 1/σ held constant; what β absorbs is booked."""
    if not patch.trace.method.ruled:
        return
    patch.replace_forward(module, partial(_frozen_layer_norm, module, patch.trace))
    if module.bias is not None:
        _book_bias(module, patch)


def _frozen_layer_norm(norm: Any, trace: BackwardTrace, x: torch.Tensor) -> torch.Tensor:
    if trace.at_zero:
        return trace.scales[norm](x)
    y = _true_output(norm, x)
    variance = x.detach().var(-1, keepdim=True, unbiased=False)
    scale = torch.rsqrt(variance + norm.eps)
    if trace.on_layer is not None:
        trace.scales[norm] = partial(_centred, norm, scale)
    output: torch.Tensor = _apply(FrozenNorm, x, y, norm.weight, scale, True)
    return output


def _centred(norm: Any, scale: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    y: torch.Tensor = (x - x.mean(-1, keepdim=True)) * scale * norm.weight
    return y if norm.bias is None else y + norm.bias


def _true_output(module: Any, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        output: torch.Tensor = type(module).forward(module, x)
    return output


# Activations and MLPs


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

    def rule(module: Any, patch: Patch) -> None:
        act = getattr(module, activation)
        if patch.trace.method is Method.ATTNLRP:
            slope = SLOPES[type(act)]
            patch.replace_forward(module, partial(_halves, module, gate_and_up, act, slope))
        elif patch.trace.method is Method.CPLRP:
            patch.override(module, activation, partial(_constant, act))
        watch_neurons(module.down_proj, patch)

    return rule


def _halves(
    mlp: Any, gate_and_up: GateAndUp, act: Elementwise, slope: Elementwise, x: torch.Tensor
) -> torch.Tensor:
    product = _apply(GatedProduct, *gate_and_up(mlp, x), act, slope)
    output: torch.Tensor = mlp.down_proj(product)
    return output


def _constant(act: Elementwise, gate: torch.Tensor) -> torch.Tensor:
    return act(gate.detach())


def _secant(act: Elementwise, slope: Elementwise, x: torch.Tensor) -> torch.Tensor:
    output: torch.Tensor = _apply(Secant, x, act, slope)
    return output


def mlp(module: Any, patch: Patch) -> None:
    """proj(f(fc(x))) without a gate (GPT-2): the secant of f under both rules."""
    if patch.trace.method.ruled:
        patch.override(module, "act", partial(_secant, module.act, SLOPES[type(module.act)]))
    watch_neurons(module.c_proj, patch)


def experts(module: Any, patch: Patch) -> None:
    """Σ_e w_e · down_e(f(gate_e) · up_e) with constant w, whichever kernel computes it.

    Without biases, half of the gradient to each factor is half of it to the block's input, under
    the secant of f.
    """
    act = module.act_fn
    if patch.trace.method is Method.ATTNLRP:
        patch.override(module, "act_fn", partial(_secant, act, SLOPES[type(act)]))
        patch.after(module, lambda _module, _inputs, output: _apply(ScaleGradient, output, 0.5))
    elif patch.trace.method is Method.CPLRP:
        patch.override(module, "act_fn", partial(_constant, act))


def router(module: Any, patch: Patch) -> None:
    """The weights of the experts are constants: relevance flows through what they compute."""
    if patch.trace.method.ruled:
        forward = current_forward(module)
        patch.replace_forward(module, lambda hidden: forward(hidden.detach()))


def watch_neurons(projection: Any, patch: Patch) -> None:
    """Tell the trace what the last projection of an MLP reads, and its cotangent.

    Of the tokens that it wants only: all neurons of all layers would be more than a pass keeps.
    """
    trace = patch.trace
    tell = trace.on_neurons
    if tell is None:
        return

    def before(_module: nn.Module, inputs: tuple[torch.Tensor, ...], _options: object) -> None:
        layer, neurons = trace.layer, inputs[0]
        tokens = trace.neuron_tokens.get(layer)
        if tokens and neurons.requires_grad:
            kept = neurons.detach()[:, tokens]
            neurons.register_hook(lambda grad: tell(layer, kept, grad[:, tokens]))  # type: ignore[no-untyped-call]

    patch.before(projection, before)


# Decoder layers


def layer(middle: str) -> Rule:
    """A decoder layer; `middle` names the submodule that reads the stream after the attention.

    Here the stages are booked, an attribution can be cancelled, and layers can be run anew on
    the way back instead of being kept.
    """

    def rule(module: Any, patch: Patch) -> None:
        index = next(m.layer_idx for m in module.modules() if hasattr(m, "layer_idx"))
        trace = patch.trace
        patch.before(module, partial(_enter, trace, index))
        patch.before(getattr(module, middle), partial(_middle, trace, index))
        patch.after(module, partial(_leave, trace, index))
        if trace.recompute:
            run = partial(
                checkpoint,
                current_forward(module),
                use_reentrant=False,
                preserve_rng_state=False,  # nothing is drawn in evaluation mode
            )
            patch.replace_forward(module, run)

    return rule


def _enter(
    trace: BackwardTrace,
    index: int,
    module: nn.Module,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
) -> None:
    if trace.at_zero:
        return
    trace.checkpoint()
    trace.layer = index
    trace.calls[index] = Call(module, arguments[1:], options)
    if index == 0:
        _stage(trace, 0, arguments[0])


def _middle(
    trace: BackwardTrace,
    index: int,
    _module: nn.Module,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
) -> None:
    if not trace.at_zero:
        hidden = arguments[0] if arguments else options["hidden_states"]
        _stage(trace, 2 * index + 1, hidden)


def _leave(
    trace: BackwardTrace, index: int, _module: nn.Module, _arguments: object, output: torch.Tensor
) -> None:
    _stage(trace, 2 * index + 2, output)


def _stage(trace: BackwardTrace, stage: int, hidden: torch.Tensor) -> None:
    if hidden.requires_grad:
        kept = hidden.detach()  # not `hidden`: a hook that holds its own tensor is a cycle
        hidden.register_hook(lambda grad: trace.arrive(stage, kept, grad.detach()))  # type: ignore[no-untyped-call]

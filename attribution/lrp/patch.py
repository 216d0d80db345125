"""Attach the rules to one model instance, and take every trace of them away again.

Nothing is shared between models: a module's `forward` is covered by an instance attribute, and
the attention of this instance is switched by giving its modules a copy of their config that names
the function registered here (a config object may belong to several models). Registering only adds
a name that no other model asks for. While attached, the instance is the caller's alone.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from attrs import frozen
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.activations import SiLUActivation
from transformers.masking_utils import sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from attribution.lrp.rules import (
    EnterAttention,
    FrozenRMSNorm,
    GatedProduct,
    LeaveAttention,
    Ledger,
    Method,
    inner,
)

_ATTENTION = "tokenblame"  # the name under which transformers finds `_attention` below
_MISSING = object()


@frozen
class Patch:
    """One attachment: what is changed through it is undone when `undo` closes."""

    ledger: Ledger
    undo: ExitStack

    def override(self, module: nn.Module, name: str, value: object) -> None:
        """Cover an attribute of the instance."""
        attributes = vars(module)
        before = attributes.get(name, _MISSING)
        attributes[name] = value
        self.undo.callback(_restore, attributes, name, before)

    def replace_forward(self, module: nn.Module, forward: Callable[..., torch.Tensor]) -> None:
        # accelerate (device_map) covers `forward` itself, moves data and weights and calls this.
        self.override(module, "_old_forward" if "_hf_hook" in vars(module) else "forward", forward)


Rule = Callable[[Any, Patch], None]  # attaches what one module class needs
Rules = Mapping[type[nn.Module], Rule]


def _restore(attributes: dict[str, Any], name: str, before: object) -> None:
    if before is _MISSING:
        del attributes[name]
    else:
        attributes[name] = before


@contextmanager
def attached(model: nn.Module, rules: Rules, ledger: Ledger) -> Iterator[None]:
    """Put `rules` on every module of `model` and freeze its parameters, within the context.

    Raises KeyError where a class has no rule; `families.rules_for` has made sure of that.
    """
    with ExitStack() as undo:
        patch = Patch(ledger, undo)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.requires_grad_(False)
                undo.callback(parameter.requires_grad_, True)
        copies: dict[int, object] = {}
        for module in model.modules():
            rules[type(module)](module, patch)
            config = vars(module).get("config")
            if config is not None:
                if id(config) not in copies:
                    copies[id(config)] = _with_our_attention(config)
                patch.override(module, "config", copies[id(config)])
        yield


def _with_our_attention(config: Any) -> Any:
    copy = deepcopy(config)  # its setter also changes nested configs
    copy._attn_implementation = _ATTENTION
    return copy


def plain(_module: nn.Module, _patch: Patch) -> None:
    """A container, an embedding, rotations: nothing to change on the way back."""


def linear(module: Any, patch: Patch) -> None:
    """y = W x + b: the true gradient; what b absorbs is booked."""
    if module.bias is None:
        return
    ledger = patch.ledger
    bias: torch.Tensor = module.bias.detach()

    def book(grad: torch.Tensor) -> None:
        ledger.bias.append(inner(grad, bias))

    def watch(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        if output.requires_grad:
            output.register_hook(book)  # type: ignore[no-untyped-call]

    patch.undo.callback(module.register_forward_hook(watch).remove)


def layer(module: Any, patch: Patch) -> None:
    """A decoder layer: where an attribution can be cancelled, forward and backward."""
    checkpoint = patch.ledger.checkpoint

    def enter(_module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        checkpoint()
        if inputs[0].requires_grad:
            inputs[0].register_hook(lambda _grad: checkpoint())  # type: ignore[no-untyped-call]

    patch.undo.callback(module.register_forward_pre_hook(enter).remove)


def rms_norm(module: Any, patch: Patch) -> None:
    """1/σ held constant (AttnLRP and CP-LRP)."""
    if patch.ledger.method is not Method.GRADIENT:
        patch.replace_forward(module, partial(_frozen_norm, module))


def _frozen_norm(norm: Any, x: torch.Tensor) -> torch.Tensor:
    output: torch.Tensor = _apply(FrozenRMSNorm, x, norm.weight, norm.variance_epsilon)
    return output


SLOPES: Mapping[type[nn.Module], Callable[[torch.Tensor], torch.Tensor]] = {
    # f(x)/x of each activation, in closed form
    SiLUActivation: torch.sigmoid,
    nn.SiLU: torch.sigmoid,
}


def gated_mlp(module: Any, patch: Patch) -> None:
    """down(f(gate(x)) · up(x)): half to each factor (AttnLRP), or all of it to up (CP-LRP)."""
    if patch.ledger.method is Method.ATTNLRP:
        slope = SLOPES[type(module.act_fn)]
        patch.replace_forward(module, partial(_halves, module, slope=slope))
    elif patch.ledger.method is Method.CPLRP:
        patch.replace_forward(module, partial(_gate_constant, module))


def _halves(
    mlp: Any, x: torch.Tensor, *, slope: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    product = _apply(GatedProduct, mlp.gate_proj(x), mlp.up_proj(x), mlp.act_fn, slope)
    output: torch.Tensor = mlp.down_proj(product)
    return output


def _gate_constant(mlp: Any, x: torch.Tensor) -> torch.Tensor:
    gate = mlp.act_fn(mlp.gate_proj(x.detach()))
    output: torch.Tensor = mlp.down_proj(gate * mlp.up_proj(x))
    return output


def _apply(function: type[torch.autograd.Function], *arguments: Any) -> Any:
    return function.apply(*arguments)  # type: ignore[no-untyped-call]


def attention(module: Any, patch: Patch) -> None:
    """v gets ½, q and k ¼ of the true gradient (AttnLRP), or P is held constant (CP-LRP)."""
    patch.override(module, "_tokenblame", patch.ledger)


def _attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """What transformers calls: its own SDPA function between the two ends of the rule.

    query: (1, heads, n, head_dim); key, value: (1, kv heads, n, head_dim); → (1, n, heads,
    head_dim). The mask is transformers' own, so causal and sliding windows are respected.
    """
    ledger: Ledger = module._tokenblame
    kernel = ALL_ATTENTION_FUNCTIONS["sdpa"]
    options["dropout"] = 0.0
    if ledger.method is Method.ATTNLRP:
        ends = (ledger, module.layer_idx)
        query, key, value = _apply(EnterAttention, query, key, value, *ends)
        output, _ = kernel(module, query, key, value, attention_mask, **options)
        return _apply(LeaveAttention, output, *ends), None
    if ledger.method is Method.CPLRP:
        query, key = query.detach(), key.detach()
    output, _ = kernel(module, query, key, value, attention_mask, **options)
    return output, None


AttentionInterface.register(_ATTENTION, _attention)
AttentionMaskInterface.register(_ATTENTION, sdpa_mask)

"""The rule of a decoder layer: where the stages of the residual stream are recorded."""

from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from attribution.lrp.rules.attach import Attachment, Rule, current_forward
from attribution.lrp.rules.backward_trace import BackwardTrace
from attribution.lrp.rules.layer_pass import LayerCall


def decoder_layer(middle: str) -> Rule:
    """The rule of a decoder layer whose submodule `middle` reads the stream after the attention.

    It records the stages, calls the checkpoint, and with `recompute` runs the layer anew on the
    way back.
    """

    def rule(module: Any, attachment: Attachment) -> None:
        index = next(m.layer_idx for m in module.modules() if hasattr(m, "layer_idx"))
        trace = attachment.trace
        attachment.before(module, partial(_enter, trace, index))
        attachment.before(getattr(module, middle), partial(_middle, trace, index))
        attachment.after(module, partial(_leave, trace, index))
        if trace.settings.recompute:
            run = partial(
                checkpoint,
                current_forward(module),
                use_reentrant=False,
                preserve_rng_state=False,  # nothing is drawn in evaluation mode
            )
            attachment.replace_forward(module, run)

    return rule


def _enter(
    trace: BackwardTrace,
    index: int,
    module: nn.Module,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
) -> None:
    if trace.current.at_zero:
        return
    trace.settings.checkpoint()
    trace.current.index = index
    trace.calls[index] = LayerCall(module, arguments[1:], options)
    if index == 0:
        _record_stage(trace, 0, arguments[0])


def _middle(
    trace: BackwardTrace,
    index: int,
    _module: nn.Module,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
) -> None:
    if not trace.current.at_zero:
        hidden = arguments[0] if arguments else options["hidden_states"]
        _record_stage(trace, 2 * index + 1, hidden)


def _leave(
    trace: BackwardTrace, index: int, _module: nn.Module, _arguments: object, output: torch.Tensor
) -> None:
    _record_stage(trace, 2 * index + 2, output)


def _record_stage(trace: BackwardTrace, stage: int, hidden: torch.Tensor) -> None:
    if hidden.requires_grad:
        kept = hidden.detach()  # not `hidden`: a hook that holds its own tensor is a cycle
        hidden.register_hook(lambda grad: trace.arrive(stage, kept, grad.detach()))  # type: ignore[no-untyped-call]

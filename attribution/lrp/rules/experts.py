"""Rules of a mixture of experts: the router's weights are constants on the way back."""

from functools import partial
from typing import Any

from attribution.lrp.rules.activations import SECANTS, constant, with_secant
from attribution.lrp.rules.attach import Attachment, current_forward
from attribution.lrp.rules.autograd import ScaleGradient, apply
from attribution.lrp.settings import Method


def experts(module: Any, attachment: Attachment) -> None:
    """Σ_e w_e · down_e(f(gate_e) · up_e) with constant w, whichever kernel computes it.

    Without biases, half of the gradient to each factor is half of it to the block's input, under
    the secant of f.
    """
    act = module.act_fn
    if attachment.trace.method is Method.ATTNLRP:
        attachment.override(module, "act_fn", partial(with_secant, act, SECANTS[type(act)]))
        attachment.after(module, lambda _module, _inputs, output: apply(ScaleGradient, output, 0.5))
    elif attachment.trace.method is Method.CPLRP:
        attachment.override(module, "act_fn", partial(constant, act))


def router(module: Any, attachment: Attachment) -> None:
    """The weights of the experts are constants: relevance flows through what they compute."""
    if attachment.trace.method.ruled:
        forward = current_forward(module)
        attachment.replace_forward(module, lambda hidden: forward(hidden.detach()))

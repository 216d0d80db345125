"""The attention that transformers calls while the rules are attached.

Registering only adds a name that no other model asks for. The kernel is transformers' own SDPA
function, whatever the model was loaded with: eager and SDPA models give the same result, and
nothing of size n² is kept.
"""

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from attribution.errors import UnsupportedModel
from attribution.lrp.rules.attach import ATTENTION, Attachment
from attribution.lrp.rules.autograd import AttentionCall, EnterAttention, LeaveAttention, apply
from attribution.lrp.rules.backward_trace import BackwardTrace
from attribution.lrp.settings import Method


class ProjectionsAtZero(Exception):
    """Carries q, k and v of a layer that is evaluated at 0: what follows need not be computed."""

    def __init__(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> None:
        """query: (1, heads, n, head_dim); key, value: (1, kv heads, n, head_dim)."""
        super().__init__()
        self.query, self.key, self.value = query, key, value


def attention(module: Any, attachment: Attachment) -> None:
    """v gets ½, q and k ¼ of the true gradient (AttnLRP), or P is held constant (CP-LRP)."""
    attachment.override(module, "_tokenblame", attachment.trace)


def _attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """SDPA between the two ends of the rule.

    query: (batch, heads, n, head_dim); key, value: (batch, kv heads, n, head_dim); → (batch, n,
    heads, head_dim). The mask is transformers' own, so causal and sliding windows are respected.
    """
    trace: BackwardTrace = module._tokenblame
    if trace.current.at_zero:
        raise ProjectionsAtZero(query, key, value)
    if options.get("softcap") is not None:
        raise UnsupportedModel(
            f"{type(module).__name__} caps its attention scores; there is no relevance rule for it."
        )
    kernel = ALL_ATTENTION_FUNCTIONS["sdpa"]
    options["dropout"] = 0.0
    if not trace.method.ruled:
        output, _ = kernel(module, query, key, value, attention_mask, **options)
        return output, None
    scale = options.get("scaling")
    call = AttentionCall(
        trace,
        module.layer_idx,
        query.shape[-1] ** -0.5 if scale is None else scale,
        attention_mask,
    )
    if trace.method is Method.CPLRP:
        query, key = query.detach(), key.detach()
    query, key, value = apply(EnterAttention, query, key, value, call)
    output, _ = kernel(module, query, key, value, attention_mask, **options)
    return apply(LeaveAttention, output, call), None


AttentionInterface.register(ATTENTION, _attention)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)

"""Input attribution of a logit difference: one forward, one backward.

    Δℓ = ℓ(target) − ℓ(contrast) at the last position = Σ relevance + Σ leak + Σ bias

to rounding (rules.py derives it), with relevance_k = Σ_d h0_kd · ∂Δℓ/∂h0_kd under the rules,
h0 being the token embeddings.
"""

from collections.abc import Callable
from typing import Any

import torch
from attrs import frozen

from attribution.errors import InvalidRequest
from attribution.lrp.patch import attached
from attribution.lrp.rules import Ledger, Method, total
from attribution.models.families import rules_for

__all__ = ["InputRelevance", "Method", "attribute"]


@frozen
class InputRelevance:
    """Signed relevance of each input token for Δℓ; positive supports the target.

    Completeness: logit_diff = sum + leak + bias to the rounding of the model's dtype. Gradient ×
    input promises no such thing: there `leak` is what is left over, whatever absorbed it.
    """

    relevance: torch.Tensor  # (n,) float64 on the CPU
    logit_diff: float  # Δℓ
    sum: float  # Σ relevance
    leak: float  # Σ softmax leak over layers and positions; 0 for CP-LRP
    bias: float  # what biases absorb; 0 for a model without


def _carry_on() -> None:
    pass


def attribute(
    model: Any,
    input_ids: torch.Tensor,
    target: int,
    contrast: int,
    *,
    method: Method = Method.ATTNLRP,
    checkpoint: Callable[[], None] = _carry_on,
) -> InputRelevance:
    """Relevance of `input_ids` (n,) int64 for logits[-1, target] − logits[-1, contrast].

    `model` is a transformers causal language model in eval mode; it is used exclusively until
    this returns and is then as it was, also after an error. `checkpoint` is called before every
    layer of the forward and backward pass; what it raises (Cancelled) comes out of here.

    Raises UnsupportedModel for a module class without a rule, InvalidRequest for bad arguments.
    """
    model = getattr(model, "_orig_mod", model)  # torch.compile's wrapper
    rules = rules_for(model)
    _check(model, input_ids, (target, contrast))
    ledger = Ledger(method, checkpoint)
    with torch.inference_mode(False), torch.enable_grad(), attached(model, rules, ledger):
        ids = input_ids.to(model.get_input_embeddings().weight.device)
        embedded = model.get_input_embeddings()(ids[None]).detach().requires_grad_()  # (1, n, d)
        hidden = model.base_model(inputs_embeds=embedded, use_cache=False).last_hidden_state
        objective, head_bias = _logit_diff(model.get_output_embeddings(), hidden, target, contrast)
        (grad,) = torch.autograd.grad(objective, embedded)
    relevance = torch.linalg.vecdot(*(x.detach().cpu().double()[0] for x in (embedded, grad)))
    logit_diff, summed = float(objective.detach()), float(relevance.sum())
    bias = total(ledger.bias) + head_bias
    leak = total(list(ledger.leak.values()))
    if method is Method.GRADIENT:
        leak = logit_diff - summed - bias
    return InputRelevance(relevance, logit_diff, summed, leak, bias)


def _logit_diff(
    head: Any, hidden: torch.Tensor, target: int, contrast: int
) -> tuple[torch.Tensor, float]:
    """Δℓ and the head's bias in it, from two rows of the unembedding, at least in float32."""
    wide = torch.promote_types(hidden.dtype, torch.float32)
    rows = head.weight[[target, contrast]].detach().to(hidden.device, wide)
    objective = hidden[0, -1].to(wide) @ (rows[0] - rows[1])
    if head.bias is None:
        return objective, 0.0
    biases = head.bias[[target, contrast]].detach().to(hidden.device, wide)
    bias = biases[0] - biases[1]
    return objective + bias, float(bias)


def _check(model: Any, input_ids: torch.Tensor, pair: tuple[int, int]) -> None:
    if model.training:
        raise InvalidRequest("The model is in training mode; call model.eval() first.")
    if input_ids.ndim != 1 or input_ids.numel() == 0 or input_ids.dtype is not torch.int64:
        raise InvalidRequest(
            "An attribution needs the token ids before the target as one int64 row; "
            f"got shape {tuple(input_ids.shape)}, {input_ids.dtype}."
        )
    for size, ids, where in (
        (model.get_input_embeddings().num_embeddings, input_ids, "input"),
        (model.get_output_embeddings().out_features, torch.tensor(pair), "output"),
    ):
        if int(ids.min()) < 0 or int(ids.max()) >= size:
            raise InvalidRequest(
                f"A token id lies outside the model's {where} vocabulary ({size})."
            )

"""Attribution of a logit difference: relevance of every token at every stage of the model.

    Δℓ = Σ relevance + Σ leak + Σ bias

to rounding (derived in rules/autograd.py), with relevance_k = Σ_d h_kd · ∂Δℓ/∂h_kd under the
rules, from one forward and one backward. At stage 0, h is the embedding; the other stages are the
residual stream after the attention and after the MLP of each layer (stages.py).
"""

import math
from typing import Any

import torch
from attrs import frozen

from attribution.errors import InvalidRequest, UnsupportedModel
from attribution.lrp.families import rules_for
from attribution.lrp.integrated import integrate
from attribution.lrp.objective import Objective, Weights
from attribution.lrp.rules.attach import Rules, attached
from attribution.lrp.rules.backward_trace import BackwardTrace
from attribution.lrp.settings import DEFAULT, Method, PassSettings
from attribution.lrp.sums import total


@frozen
class Relevance:
    """Signed relevance of each token for Δℓ; positive supports the target.

    Completeness: logit_diff = sum + leak + bias + baseline − error. For methods with rules `error`
    is the rounding of the model's dtype, for integrated gradients that of the quadrature; gradient
    × input promises no sum, and `error` says by how much it misses.
    """

    relevance: torch.Tensor  # (n,) float64 on the CPU, of the embeddings
    nodes: torch.Tensor  # (stages, n) float64 on the CPU; integrated gradients: stage 0 only
    logit_diff: float  # Δℓ
    sum: float  # Σ relevance
    leak: float  # Σ softmax leak over layers and positions; 0 for all methods but AttnLRP
    bias: float  # what biases absorb; 0 for a model without, and for integrated gradients
    baseline: float = 0.0  # Δℓ of the baseline of integrated gradients

    @property
    def error(self) -> float:
        """By how much the parts add up to more than Δℓ."""
        return self.sum + self.leak + self.bias + self.baseline - self.logit_diff


def attribute(
    model: Any,
    input_ids: torch.Tensor,
    objective: Objective,
    settings: PassSettings = DEFAULT,
) -> Relevance:
    """Relevance of `input_ids` (n,) int64 for the objective on the logits at the last position.

    `model` is a transformers causal language model in eval mode; it is used exclusively until
    this returns and is then as it was, also after an error.

    Raises UnsupportedModel for a module class without a rule and for numbers that overflow,
    InvalidRequest for bad arguments, and whatever the checkpoint raises (Cancelled).
    """
    model, rules = prepare(model, input_ids, objective)
    if settings.method is Method.INTEGRATED:
        path = integrate(model, rules, input_ids, objective, settings)
        relevance = path.relevance
        require_finite(model, relevance, path.logit_diff + path.baseline)
        summed = float(relevance.sum())
        return Relevance(
            relevance, relevance[None], path.logit_diff, summed, 0.0, 0.0, path.baseline
        )
    trace = BackwardTrace(settings)
    logit_diff, head_bias, _ = backward(model, rules, input_ids, objective, trace)
    nodes = torch.stack([trace.nodes[s][0].cpu().double() for s in sorted(trace.nodes)])
    require_finite(model, nodes, logit_diff)
    leak, bias = total(trace.leak.values()), total(trace.bias) + head_bias
    return Relevance(nodes[0], nodes, logit_diff, float(nodes[0].sum()), leak, bias)


def prepare(model: Any, input_ids: torch.Tensor, objective: Objective) -> tuple[Any, Rules]:
    """The model itself (out of torch.compile's wrapper) and its rules; all arguments checked.

    `input_ids` (n,) int64. Raises as `attribute` does.
    """
    model = getattr(model, "_orig_mod", model)
    rules = rules_for(model)
    _check(model, input_ids, objective.tokens())
    return model, rules


def backward(
    model: Any, rules: Rules, input_ids: torch.Tensor, objective: Objective, trace: BackwardTrace
) -> tuple[float, float, Weights]:
    """One forward and one backward pass for `input_ids` (n,) int64, recorded in `trace`.

    Returns Δℓ, what the head's bias adds to it, and the objective's weights.
    """
    with torch.inference_mode(False), torch.enable_grad(), attached(model, rules, trace):
        ids = input_ids.to(model.get_input_embeddings().weight.device)
        embedded = model.get_input_embeddings()(ids[None]).detach().requires_grad_()  # (1, n, d)
        hidden = model.base_model(inputs_embeds=embedded, use_cache=False).last_hidden_state[0, -1]
        head = model.get_output_embeddings()
        with torch.no_grad():
            weights = objective.resolve(_logits(head, hidden, objective))
        score, bias = weights.apply(head, hidden)
        trace.logit_diff = float(score.detach())
        torch.autograd.grad(score, embedded)
    return trace.logit_diff, bias, weights


def _logits(head: Any, hidden: torch.Tensor, objective: Objective) -> torch.Tensor:
    """Logits (vocabulary,) of `hidden` (d,) where the objective needs them, else no logits."""
    if objective.needs_logits:
        logits: torch.Tensor = head(hidden)
        return logits
    return hidden.new_empty(0)


def require_finite(model: Any, relevance: torch.Tensor, logit_diff: float) -> None:
    """Raise UnsupportedModel where Δℓ or `relevance` (any shape) has overflowed."""
    if not (math.isfinite(logit_diff) and bool(torch.isfinite(relevance).all())):
        dtype = str(model.dtype).removeprefix("torch.")
        raise UnsupportedModel(
            f"The model's numbers overflow in {dtype}; use bfloat16 or float32 (--dtype)."
        )


def _check(model: Any, input_ids: torch.Tensor, objective_ids: list[int]) -> None:
    if model.training:
        raise InvalidRequest("The model is in training mode; call model.eval() first.")
    if input_ids.ndim != 1 or input_ids.numel() == 0 or input_ids.dtype is not torch.int64:
        raise InvalidRequest(
            "An attribution needs the token ids before the target as one int64 row; "
            f"got shape {tuple(input_ids.shape)}, {input_ids.dtype}."
        )
    for size, ids, where in (
        (model.get_input_embeddings().num_embeddings, input_ids, "input"),
        (model.get_output_embeddings().out_features, torch.tensor(objective_ids), "output"),
    ):
        if int(ids.min()) < 0 or int(ids.max()) >= size:
            raise InvalidRequest(
                f"A token id lies outside the model's {where} vocabulary ({size})."
            )

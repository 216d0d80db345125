"""Attribution of a logit difference: relevance of every token at every stage of the model.

    Δℓ = Σ relevance + Σ leak + Σ bias

to rounding (rules.py derives it), with relevance_k = Σ_d h_kd · ∂Δℓ/∂h_kd under the rules, from
one forward and one backward. At stage 0, h is the embedding; the other stages are the residual
stream after the attention and after the MLP of each layer (trace.py).
"""

import math
from typing import Any

import torch
from attrs import frozen

from attribution.errors import InvalidRequest, UnsupportedModel
from attribution.job import Checkpoint, carry_on
from attribution.lrp.families import rules_for
from attribution.lrp.integrated import integrate
from attribution.lrp.objective import Objective, Weights
from attribution.lrp.rules.attach import Rules, attached
from attribution.lrp.rules.backward_trace import BackwardTrace, Method, total

__all__ = ["Method", "Objective", "Relevance", "attribute", "backward", "prepare", "require_finite"]


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
    *,
    method: Method = Method.ATTNLRP,
    checkpoint: Checkpoint = carry_on,
    recompute: bool = False,
) -> Relevance:
    """Relevance of `input_ids` (n,) int64 for the objective on logits[-1].

    `model` is a transformers causal language model in eval mode; it is used exclusively until
    this returns and is then as it was, also after an error. `checkpoint` is called before every
    layer of the forward and backward pass; what it raises (Cancelled) comes out of here. With
    `recompute` only the inputs of the layers are kept: a third more time, memory of n·d per layer.

    Raises UnsupportedModel for a module class without a rule, InvalidRequest for bad arguments.
    """
    model, rules = prepare(model, input_ids, objective)
    if method is Method.INTEGRATED:
        path = integrate(model, rules, input_ids, objective, checkpoint, recompute=recompute)
        found = path.relevance
        require_finite(model, found, path.logit_diff + path.baseline)
        summed = float(found.sum())
        return Relevance(found, found[None], path.logit_diff, summed, 0.0, 0.0, path.baseline)
    trace = BackwardTrace(method, checkpoint, recompute=recompute)
    logit_diff, head_bias, _ = backward(model, rules, input_ids, objective, trace)
    nodes = torch.stack([trace.nodes[s][0].cpu().double() for s in sorted(trace.nodes)])
    require_finite(model, nodes, logit_diff)
    leak, bias = total(list(trace.leak.values())), total(trace.bias) + head_bias
    return Relevance(nodes[0], nodes, logit_diff, float(nodes[0].sum()), leak, bias)


def prepare(model: Any, input_ids: torch.Tensor, objective: Objective) -> tuple[Any, Rules]:
    """The model itself (out of torch.compile's wrapper) and its rules; all arguments checked."""
    model = getattr(model, "_orig_mod", model)
    rules = rules_for(model)
    _check(model, input_ids, objective.tokens())
    return model, rules


def backward(
    model: Any, rules: Rules, input_ids: torch.Tensor, objective: Objective, trace: BackwardTrace
) -> tuple[float, float, Weights]:
    """One forward, one backward, booked in `trace`; Δℓ, the head's bias in it, its weights."""
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
    """All logits (vocabulary,) where the objective looks at them, else a stand-in without any."""
    if objective.needs_logits:
        logits: torch.Tensor = head(hidden)
        return logits
    return hidden.new_empty(0)


def require_finite(model: Any, relevance: torch.Tensor, logit_diff: float) -> None:
    """Raise UnsupportedModel where the numbers of a pass overflowed."""
    if not (math.isfinite(logit_diff) and bool(torch.isfinite(relevance).all())):
        kind = str(model.dtype).removeprefix("torch.")
        raise UnsupportedModel(
            f"The model's numbers overflow in {kind}; use bfloat16 or float32 (--dtype)."
        )


def _check(model: Any, input_ids: torch.Tensor, named: list[int]) -> None:
    if model.training:
        raise InvalidRequest("The model is in training mode; call model.eval() first.")
    if input_ids.ndim != 1 or input_ids.numel() == 0 or input_ids.dtype is not torch.int64:
        raise InvalidRequest(
            "An attribution needs the token ids before the target as one int64 row; "
            f"got shape {tuple(input_ids.shape)}, {input_ids.dtype}."
        )
    for size, ids, where in (
        (model.get_input_embeddings().num_embeddings, input_ids, "input"),
        (model.get_output_embeddings().out_features, torch.tensor(named), "output"),
    ):
        if int(ids.min()) < 0 or int(ids.max()) >= size:
            raise InvalidRequest(
                f"A token id lies outside the model's {where} vocabulary ({size})."
            )

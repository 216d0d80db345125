"""Integrated gradients (Sundararajan et al., ICML 2017) of the logit difference.

    relevance_k = Σ_d (h_kd − b_d) · mean over α of ∂Δℓ/∂h_kd at b + α (h − b)

along the straight path from a baseline b, the zero embedding, with Gauss-Legendre points in α.
Then Σ relevance = Δℓ − Δℓ(baseline), up to the error of the quadrature. That error is not small:
norms make Δℓ change fast near the baseline, and on real models it does not settle with more points.
Δℓ(baseline) is therefore computed exactly, which shows what the points missed.
"""

from typing import Any

import numpy as np
import torch
from attrs import evolve, frozen

from attribution.lrp.objective import Objective
from attribution.lrp.rules.attach import Rules, attached
from attribution.lrp.rules.backward_trace import BackwardTrace
from attribution.lrp.settings import Method, PassSettings

STEPS = 16
_BATCHED_TOKENS = 1024  # tokens per forward


@frozen
class IntegratedGradients:
    """Relevance by integrated gradients, and the two ends of its path."""

    relevance: torch.Tensor  # (n,) float64 on the CPU
    logit_diff: float  # Δℓ
    baseline: float  # Δℓ(baseline)


def points_at_once(n: int) -> int:
    """How many points of the path are computed together over n tokens."""
    return max(1, min(STEPS, _BATCHED_TOKENS // n))


def integrate(
    model: Any,
    rules: Rules,
    input_ids: torch.Tensor,
    objective: Objective,
    settings: PassSettings,
    steps: int = STEPS,
) -> IntegratedGradients:
    """Relevance of `input_ids` (n,) int64 by `steps` points; arguments as in `attribute`."""
    points, masses = np.polynomial.legendre.leggauss(steps)  # on −1 … 1
    head, embeddings = model.get_output_embeddings(), model.get_input_embeddings()
    batch = points_at_once(len(input_ids))
    trace = BackwardTrace(evolve(settings, method=Method.INTEGRATED))
    with torch.inference_mode(False), torch.enable_grad(), attached(model, rules, trace):
        embedded = embeddings(input_ids.to(embeddings.weight.device)[None]).detach()  # (1, n, d)
        with torch.no_grad():
            last, start = (_last(model, x)[0] for x in (embedded, torch.zeros_like(embedded)))
            weights = objective.resolve(head(last))
            logit_diff, baseline = (float(weights.apply(head, end)[0]) for end in (last, start))
        mean = torch.zeros_like(embedded[0], dtype=torch.float64, device="cpu")
        for first in range(0, steps, batch):
            alphas = torch.tensor((points[first : first + batch] + 1) / 2, dtype=embedded.dtype)
            scaled = alphas.to(embedded.device)[:, None, None] * embedded  # (batch, n, d)
            scaled.requires_grad_()
            scores = [weights.apply(head, end)[0] for end in _last(model, scaled)]
            (grad,) = torch.autograd.grad(torch.stack(scores).sum(), scaled)
            share = torch.tensor(masses[first : first + batch] / 2)
            mean += torch.einsum("b,bnd->nd", share, grad.cpu().double())
    relevance = torch.linalg.vecdot(embedded[0].cpu().double(), mean)
    return IntegratedGradients(relevance, logit_diff, baseline)


def _last(model: Any, embedded: torch.Tensor) -> torch.Tensor:
    """(batch, d): the last hidden state at the last position, for embeddings (batch, n, d)."""
    states = model.base_model(inputs_embeds=embedded, use_cache=False).last_hidden_state
    last: torch.Tensor = states[:, -1]
    return last

"""Integrated gradients (Sundararajan et al., ICML 2017) of the logit difference.

    relevance_k = Σ_d (h_kd − b_d) · mean over α of ∂Δℓ/∂h_kd at b + α (h − b)

along the straight path from a baseline b, the zero embedding, with Gauss-Legendre points in α.
Then Σ relevance = Δℓ − Δℓ(baseline), up to the error of the sum.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from attribution.lrp.ledger import Ledger, Method
from attribution.lrp.objective import Objective
from attribution.lrp.patch import Rules, attached

STEPS = 16
_BATCHED_TOKENS = 1024  # tokens per forward


def integrate(
    model: Any,
    rules: Rules,
    input_ids: torch.Tensor,
    objective: Objective,
    checkpoint: Callable[[], None],
    steps: int = STEPS,
    *,
    recompute: bool = False,
) -> tuple[torch.Tensor, float]:
    """Relevance (n,) float64 on the CPU, and Δℓ."""
    points, masses = np.polynomial.legendre.leggauss(steps)  # on −1 … 1
    head, base = model.get_output_embeddings(), model.base_model
    embeddings = model.get_input_embeddings()
    batch = max(1, _BATCHED_TOKENS // len(input_ids))
    ledger = Ledger(Method.INTEGRATED, checkpoint, recompute=recompute)
    with torch.inference_mode(False), torch.enable_grad(), attached(model, rules, ledger):
        embedded = embeddings(input_ids.to(embeddings.weight.device)[None]).detach()  # (1, n, d)
        with torch.no_grad():
            last = base(inputs_embeds=embedded, use_cache=False).last_hidden_state[0, -1]
            weights = objective.resolve(head(last))
            logit_diff = float(weights.apply(head, last)[0])
        mean = torch.zeros_like(embedded[0], dtype=torch.float64, device="cpu")
        for start in range(0, steps, batch):
            alphas = torch.tensor((points[start : start + batch] + 1) / 2, dtype=embedded.dtype)
            part = alphas.to(embedded.device)[:, None, None] * embedded
            part.requires_grad_()
            ends = base(inputs_embeds=part, use_cache=False).last_hidden_state[:, -1]
            score = torch.stack([weights.apply(head, end)[0] for end in ends]).sum()
            (grad,) = torch.autograd.grad(score, part)
            share = torch.tensor(masses[start : start + batch] / 2)
            mean += torch.einsum("b,bnd->nd", share, grad.cpu().double())
    return torch.linalg.vecdot(embedded[0].cpu().double(), mean), logit_diff

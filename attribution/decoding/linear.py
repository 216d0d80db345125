"""Matrix products of few rows, in the order that a CPU likes.

x Wᵀ with 4 to 64 rows runs at half the speed of (W xᵀ)ᵀ in the BLAS of torch's CPU builds: it
divides the work along the rows, of which there are too few. Measured in tests/benchmarks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn

_MOST_ROWS = 128  # above, the usual order is as fast


@contextmanager
def few_rows(model: nn.Module) -> Iterator[None]:
    """Within this context the model's linear layers multiply in the other order (CPU only).

    The products are the same up to rounding. Only this instance is touched, and it is restored.
    """
    layers = [m for m in model.modules() if isinstance(m, nn.Linear) and _is_plain(m)]
    for layer in layers:
        layer.forward = partial(_forward, layer.weight, layer.bias)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _is_plain(layer: nn.Linear) -> bool:
    """Whether it is on the CPU and nobody else has replaced its forward."""
    plain = type(layer) is nn.Linear and "forward" not in vars(layer)
    return plain and layer.weight.device.type == "cpu"


def _forward(weight: torch.Tensor, bias: torch.Tensor | None, states: torch.Tensor) -> torch.Tensor:
    rows = states.reshape(-1, states.shape[-1])
    if len(rows) > _MOST_ROWS:
        return nn.functional.linear(states, weight, bias)
    out = weight @ rows.T if bias is None else torch.addmm(bias[:, None], weight, rows.T)
    return out.T.reshape(*states.shape[:-1], len(weight))

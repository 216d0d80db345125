"""Matrix products of few rows, as a CPU likes them.

Rollouts go through the model a few tokens at a time. `packed` lays the weights out anew for that,
in the blocks of oneDNN: 16 rows then cost little more than reading the weights once. That takes as
much memory again as the layers' weights, for as long as the context lasts, and is left out where
there is not twice as much, or nobody knows.

`few_rows` needs no memory: x Wᵀ with 4 to 64 rows runs at half the speed of (W xᵀ)ᵀ in the BLAS of
torch's CPU builds, which divides the work along the rows, of which there are too few. Measured in
tests/benchmarks.
"""

import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn

from attribution.job import Checkpoint, carry_on
from attribution.resources import available_memory

_MOST_ROWS = 128  # above, the usual order is as fast
_SPARE = 2.0  # times the memory that packing takes
_OPERATORS = ("reorder_linear_weight", "linear_pointwise")

Forward = Callable[[torch.Tensor], torch.Tensor]


@contextmanager
def few_rows(model: nn.Module) -> Iterator[None]:
    """Within this context the model's linear layers multiply in the other order (CPU only).

    The products are the same up to rounding. Only this instance is touched, and it is restored.
    """
    with _replaced({m: partial(_turned, m.weight, m.bias) for m in _plain(model)}):
        yield


@contextmanager
def packed(model: nn.Module, checkpoint: Checkpoint = carry_on) -> Iterator[None]:
    """Within this context they multiply with packed weights (float32 on a CPU), if memory is there.

    As in `few_rows`. Without gradients.
    """
    forwards: dict[nn.Linear, Forward] = {}
    for layer in _packable(model):
        checkpoint()
        with torch.inference_mode():
            blocks = torch.ops.mkldnn._reorder_linear_weight(layer.weight)
        forwards[layer] = partial(_packed, blocks, layer.bias)
    with _replaced(forwards):
        yield


def can_pack() -> bool:
    """Whether this torch has the operators (no public ones: those that torch.compile may call).

    They were tried on x86 only.
    """
    known = all(hasattr(torch.ops.mkldnn, f"_{name}") for name in _OPERATORS)
    return known and platform.machine() in ("x86_64", "AMD64")


def is_packed(model: nn.Module) -> bool:
    """Whether `packed` is in force."""
    return any(
        isinstance(forward := vars(m).get("forward"), partial) and forward.func is _packed
        for m in model.modules()
    )


def _packable(model: nn.Module) -> list[nn.Linear]:
    """Whatever multiplies, or nothing: a pass is as slow as its slowest products."""
    plain = [layer for layer in _plain(model) if layer.weight.dtype is torch.float32]
    with_matrix = (m for m in model.modules() if any(p.dim() > 1 for p in m.parameters(False)))
    others = {m for m in with_matrix if not isinstance(m, nn.Embedding)}.difference(plain)
    needed = sum(layer.weight.nbytes for layer in plain)
    enough = needed * _SPARE <= available_memory()
    return plain if enough and not others and can_pack() else []


@contextmanager
def _replaced(forwards: Mapping[nn.Linear, Forward]) -> Iterator[None]:
    for layer, forward in forwards.items():
        layer.forward = forward  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        for layer in forwards:
            del layer.forward


def _plain(model: nn.Module) -> list[nn.Linear]:
    """The linear layers on the CPU whose forward nobody else has replaced."""
    layers = [m for m in model.modules() if type(m) is nn.Linear and "forward" not in vars(m)]
    return [layer for layer in layers if layer.weight.device.type == "cpu"]


def _turned(weight: torch.Tensor, bias: torch.Tensor | None, states: torch.Tensor) -> torch.Tensor:
    rows = states.reshape(-1, states.shape[-1])
    if len(rows) > _MOST_ROWS:
        return nn.functional.linear(states, weight, bias)
    out = weight @ rows.T if bias is None else torch.addmm(bias[:, None], weight, rows.T)
    return out.T.reshape(*states.shape[:-1], len(weight))


def _packed(blocks: torch.Tensor, bias: torch.Tensor | None, states: torch.Tensor) -> torch.Tensor:
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(states, blocks, bias, "none", [], "")
    return product

"""What every intervention needs of a model: exact logits at the last position, a safe size."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import linear

from attribution.errors import InvalidRequest, UnsupportedModel

_FED = {"cuda": 32768}  # tokens that one forward may compute
_FED_ELSEWHERE = 2048
_SEEN = 4  # times as many keys may be looked at: a row that is fed little still has all its keys
_LOGITS = 1 << 24  # logits in one forward, 64 MB of float32
_SLICE = 16384  # rows of the unembedding that are widened at a time


def prepare(model: Any, ids: torch.Tensor) -> tuple[Any, torch.Tensor]:
    """The model itself (out of torch.compile's wrapper) and `ids` (n,) int64 on its device.

    Raises InvalidRequest for another shape, UnsupportedModel for an attention other than SDPA:
    where a query has nothing left to see, SDPA's head says nothing (zeros), as it should; eager
    attention spreads it over all keys, hidden ones and those of the future included.
    """
    model = getattr(model, "_orig_mod", model)
    if ids.ndim != 1 or len(ids) == 0:
        raise InvalidRequest("Interventions need the ids of one sequence.")
    found = model.config._attn_implementation
    if found != "sdpa":
        raise UnsupportedModel(f"Interventions need the attention “sdpa”; this model has {found}.")
    return model, ids.to(model.get_input_embeddings().weight.device)


def rows_at_once(model: Any, fed: int, seen: int) -> int:
    """How many rows fit one forward where each feeds `fed` tokens, which see `seen` keys."""
    budget = _FED.get(model.get_input_embeddings().weight.device.type, _FED_ELSEWHERE)
    vocabulary: int = model.get_output_embeddings().weight.shape[0]
    return max(1, min(budget // fed, _SEEN * budget // seen, _LOGITS // vocabulary))


@contextmanager
def wide_head(model: Any) -> Iterator[None]:
    """Inside, a bfloat16 or float16 model computes its logits in float32.

    A logit of 20 in bfloat16 moves in steps of 0.125, and most tokens do less than that to Δℓ.
    """
    head = model.get_output_embeddings()
    if type(head) is not torch.nn.Linear or head.weight.dtype.itemsize > 2:
        yield
        return
    handle = head.register_forward_hook(_widened)
    try:
        yield
    finally:
        handle.remove()


def _widened(
    head: torch.nn.Linear, inputs: tuple[torch.Tensor, ...], _narrow: torch.Tensor
) -> torch.Tensor:
    """(…, d) of any dtype → (…, vocabulary) float32; slice by slice, for the copy is large."""
    hidden = inputs[0].to(head.weight.device).float()  # accelerate moves it behind this hook's back
    parts = torch.split(head.weight, _SLICE)
    slices = [linear(hidden, part.float()) for part in parts]
    logits = torch.cat(slices, dim=-1)
    return logits if head.bias is None else logits + head.bias.float()

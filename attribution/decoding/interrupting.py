"""A forward pass that can be given up before it has ended."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from attribution.job import Checkpoint


@contextmanager
def checked(model: Any, checkpoint: Checkpoint) -> Iterator[None]:
    """Inside, `checkpoint` is called before every layer: a forward pass takes seconds on a CPU."""

    def check(*_: object) -> None:
        checkpoint()

    handles = [layer.register_forward_pre_hook(check) for layer in _layers(model)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _layers(model: Any) -> Iterable[torch.nn.Module]:
    """The decoder's layers, whatever a family calls them."""
    lists = (one for one in model.base_model.modules() if isinstance(one, torch.nn.ModuleList))
    return next((one for one in lists if len(one) == model.config.num_hidden_layers), ())

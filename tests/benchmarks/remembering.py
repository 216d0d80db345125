"""Interventions that several methods ask for, measured once."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch

from attribution.faithfulness.occlusion import Occlusion
from attribution.schema import Perturbation


class Remembering(Occlusion):
    """What was measured once is known: methods share tokens and random orders."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._found: dict[tuple[Perturbation, frozenset[int]], float] = {}

    def without(
        self,
        sets: Sequence[Collection[int]],
        perturbation: Perturbation,
        done: Callable[[int], None] = lambda _rows: None,
    ) -> torch.Tensor:
        keys = [(perturbation, frozenset(places)) for places in sets]
        new = [key for key in dict.fromkeys(keys) if key not in self._found]
        values = super().without([places for _, places in new], perturbation).tolist()
        self._found.update(zip(new, values, strict=True))
        done(len(sets))
        return torch.tensor([self._found[key] for key in keys], dtype=torch.float64)

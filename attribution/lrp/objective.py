"""What is explained: a linear function of the logits at the last position.

    contrast    ℓ(target) − ℓ(contrast)                      (arXiv 2604.17761, equation 1)
    target      ℓ(target)
    top         ℓ(target) − mean of the k largest logits, as they are before any intervention
    mean        ℓ(target) − mean of all logits

Each is ⟨w, ℓ⟩ with constant weights w, so that completeness holds for all of them alike.
"""

from enum import StrEnum
from typing import Any

import torch
from attrs import frozen

from attribution.errors import InvalidRequest

TOP_K = 10


class ObjectiveKind(StrEnum):
    """Against what the target's logit is held."""

    CONTRAST = "contrast"
    TARGET = "target"
    TOP = "top"
    MEAN = "mean"

    @classmethod
    def named(cls, name: str) -> "ObjectiveKind":
        """The kind of this name. Raises InvalidRequest, which lists the names that there are."""
        try:
            return cls(name)
        except ValueError:
            known = ", ".join(cls)
            raise InvalidRequest(f"There is no objective {name!r}; there are {known}.") from None


@frozen
class Objective:
    """What is explained about the logits (vocabulary,) at one position."""

    target: int  # token id
    contrast: int | None = None  # token id, needed for the kind “contrast”
    kind: ObjectiveKind = ObjectiveKind.CONTRAST
    k: int = TOP_K  # for the kind “top”

    def tokens(self) -> list[int]:
        """The token ids that the objective names: the target, and the contrast where it counts.

        Raises InvalidRequest where the contrast is missing or `k` is below 1.
        """
        named = [self.target]
        if self.kind is ObjectiveKind.CONTRAST:
            if self.contrast is None:
                raise InvalidRequest("The objective “contrast” needs a contrast token.")
            named.append(self.contrast)
        if self.k < 1:
            raise InvalidRequest("The mean of the top k needs a k of at least 1.")
        return named

    @property
    def needs_logits(self) -> bool:
        """Whether `resolve` needs the logits themselves, beside their dtype and device."""
        return self.kind is ObjectiveKind.TOP

    def resolve(self, logits: torch.Tensor) -> "Weights":
        """The weights w for these logits (vocabulary,), any float dtype."""
        ids = torch.tensor(self.tokens(), device=logits.device)
        if self.kind is ObjectiveKind.TARGET:
            return Weights(ids, _like([1.0], logits), 0.0)
        if self.kind is ObjectiveKind.CONTRAST:
            return Weights(ids, _like([1.0, -1.0], logits), 0.0)
        if self.kind is ObjectiveKind.MEAN:
            return Weights(ids, _like([1.0], logits), -1.0)
        top = logits.topk(min(self.k, logits.shape[-1])).indices
        values = _like([1.0] + [-1.0 / len(top)] * len(top), logits)
        return Weights(torch.cat([ids, top]), values, 0.0)


def _like(weights: list[float], logits: torch.Tensor) -> torch.Tensor:
    """(m,) on the device of the logits, at least float32."""
    wide = torch.promote_types(logits.dtype, torch.float32)
    return torch.tensor(weights, device=logits.device, dtype=wide)


@frozen(eq=False)
class Weights:
    """⟨w, ℓ⟩ = Σ_i values_i · ℓ(ids_i) + mean · (mean of all logits)."""

    ids: torch.Tensor  # (m,) int64
    values: torch.Tensor  # (m,) at least float32
    mean: float

    def score(self, logits: torch.Tensor) -> torch.Tensor:
        """⟨w, logits⟩: (…, vocabulary) of any float dtype → (…,), at least float32."""
        wide = logits.to(self.values.dtype)
        score = wide[..., self.ids.to(wide.device)] @ self.values.to(wide.device)
        return score + self.mean * wide.mean(-1) if self.mean else score

    def apply(self, head: Any, hidden: torch.Tensor) -> tuple[torch.Tensor, float]:
        """(⟨w, head(hidden)⟩ as a scalar tensor, the head's bias in it) for `hidden` (d,).

        At least in float32. Of a plain linear head only the rows that are needed are read; a
        wrapped or quantised one is called, and its bias then counts with the rest.
        """
        if type(head) is not torch.nn.Linear:
            return self.score(head(hidden[None])[0]), 0.0
        score = hidden.to(self.values.dtype) @ self._direction(head.weight.detach(), hidden)
        head_bias: torch.Tensor | None = head.bias
        if head_bias is None:
            return score, 0.0
        bias = self.score(head_bias.detach().to(hidden.device))
        return score + bias, float(bias)

    def _direction(self, weight: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """W_Uᵀ w, shape (d,), of the unembedding (vocabulary, d)."""
        rows = weight[self.ids.to(weight.device)].to(hidden.device, self.values.dtype)
        direction = self.values.to(hidden.device) @ rows
        if self.mean:
            mean = weight.mean(0, dtype=self.values.dtype).to(hidden.device)
            direction = direction + self.mean * mean
        return direction

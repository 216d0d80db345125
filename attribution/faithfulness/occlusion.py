"""Take tokens away and look what becomes of the score; every other token keeps its position.

What comes before the first change is not computed again: all rows of a batch read the keys and
values of the untouched sequence. The cache keeps them in full in every layer: a sliding-window
cache would forget what an earlier fork still sees. The window itself is a matter of the mask,
which transformers builds from the places of the keys; so a hidden key stays in its place.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import torch
from attrs import frozen
from transformers import DynamicCache
from transformers.cache_utils import Cache, DynamicLayer

from attribution.errors import InvalidRequest, UnsupportedModel
from attribution.faithfulness.forward import prepare, rows_at_once, wide_head
from attribution.job import Checkpoint, carry_on
from attribution.schema import Perturbation

Score = Callable[[torch.Tensor], torch.Tensor]  # logits (rows, vocabulary) → (rows,)


def _ignore(_rows: int) -> None:
    pass


class _ForkedLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """The first keys and values of another layer, for any number of rows.

    Nothing new is kept, so that the copies for a batch live only as long as their layer runs.
    """

    def __init__(self, layer: Any, length: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.lazy_initialization(layer.keys, layer.values)
        self.keys: torch.Tensor = layer.keys[:, :, :length]  # (1, heads, length, head dimension)
        self.values: torch.Tensor = layer.values[:, :, :length]

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_args: Any, **_kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        rows = key_states.shape[0]
        return (
            torch.cat([self.keys.expand(rows, -1, -1, -1), key_states], dim=2),
            torch.cat([self.values.expand(rows, -1, -1, -1), value_states], dim=2),
        )


@frozen
class _Change:
    """One row: where it differs, and from where on it must be computed."""

    row: int  # place in what the caller asked for
    start: int
    places: tuple[int, ...]


class Occlusion:
    """One sequence `ids` (n,) int64 in one model, and what its last position says.

    `score` gets logits (rows, vocabulary), at least float32, and returns (rows,); `neutral` is the
    id that stands in for a substituted token; `checkpoint` is called before every forward, and
    what it raises comes out of here. `model` is used exclusively while a method runs.
    """

    def __init__(
        self,
        model: Any,
        ids: torch.Tensor,
        score: Score,
        neutral: int,
        checkpoint: Checkpoint = carry_on,
    ) -> None:
        self._model, self._ids = prepare(model, ids)
        self._known = self._ids.tolist()
        self._score = score
        self._neutral = neutral
        self._checkpoint = checkpoint
        self._cache: Any = DynamicCache()  # without a config: no layer forgets
        self.forwards = 0  # rows of the model that were computed
        self.tokens = 0  # tokens that were fed in them
        visible = torch.ones_like(self._ids)[None]
        self.base = float(self._run(self._ids[None], visible, self._cache)[0])

    def __len__(self) -> int:
        """Tokens of the sequence."""
        return len(self._ids)

    def without(
        self,
        sets: Sequence[Collection[int]],
        perturbation: Perturbation,
        done: Callable[[int], None] = _ignore,
    ) -> torch.Tensor:
        """(len(sets),) float64 on the CPU: the score without each set of positions, logit units.

        MASK: no query sees the keys there, in any layer. SUBSTITUTE: the neutral token is there.
        `done` is told after every batch how many of the sets are measured.
        """
        values = torch.full((len(sets),), self.base, dtype=torch.float64)
        changes = [
            change
            for row, places in enumerate(sets)
            if (change := self._change(row, places, perturbation)) is not None
        ]
        measured = len(sets) - len(changes)
        for batch in self._batches(sorted(changes, key=lambda change: change.start)):
            values[[change.row for change in batch]] = self._measure(batch, perturbation)
            measured += len(batch)
            done(measured)
        return values

    def _change(
        self, row: int, places: Collection[int], perturbation: Perturbation
    ) -> _Change | None:
        """None where nothing would change."""
        last = len(self) - 1
        if any(not 0 <= place <= last for place in places):
            raise InvalidRequest(f"A token to take away lies outside of 0 … {last}.")
        if perturbation is Perturbation.SUBSTITUTE:
            places = [place for place in places if self._known[place] != self._neutral]
        if not places:
            return None
        start = min(places)
        if perturbation is Perturbation.MASK:
            # Nobody sees what a hidden token computes; only the last one is asked for its logits.
            hidden = set(places)
            while start < last and start in hidden:
                start += 1
        return _Change(row, start, tuple(places))

    def _batches(self, changes: Sequence[_Change]) -> Iterator[Sequence[_Change]]:
        """Rows that are computed together, from the first one's start on."""
        position = 0
        while position < len(changes):
            fed = len(self) - changes[position].start
            size = rows_at_once(self._model, fed, len(self))
            yield changes[position : position + size]
            position += size

    def _measure(self, batch: Sequence[_Change], perturbation: Perturbation) -> torch.Tensor:
        """(rows,) float64."""
        start = batch[0].start
        ids = self._ids.repeat(len(batch), 1)  # (rows, n)
        visible = torch.ones_like(ids)
        for row, change in enumerate(batch):
            if perturbation is Perturbation.MASK:
                visible[row, list(change.places)] = 0
            else:
                ids[row, list(change.places)] = self._neutral
        layers: Any = [_ForkedLayer(layer, start) for layer in self._cache.layers]
        return self._run(ids[:, start:], visible, Cache(layers))

    def _run(self, ids: torch.Tensor, visible: torch.Tensor, cache: Any) -> torch.Tensor:
        """(rows,) float64 of the last (rows, fed) tokens; `visible` (rows, n) int64, 1 is seen."""
        self._checkpoint()
        rows, fed = ids.shape
        places = torch.arange(len(self) - fed, len(self), device=ids.device)
        with torch.inference_mode(), wide_head(self._model):
            logits = self._model(
                input_ids=ids,
                attention_mask=visible,
                position_ids=places.expand(rows, -1),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits[:, -1]
            values: torch.Tensor = self._score(logits).double().cpu()
        self.forwards += rows
        self.tokens += rows * fed
        if not bool(values.isfinite().all()):
            raise UnsupportedModel("Without some tokens this model gives no number any more.")
        return values

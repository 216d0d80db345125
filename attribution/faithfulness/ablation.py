"""Cut edges of attention, those on the paths of a graph, and look what becomes of the score.

An edge goes from a source position to a later (or the same) target position in one decoder layer.
Cutting it hides the key of the source from the query of the target there, in one head or in all
of them; the softmax shares its weight out among the keys that are left. Everything else stays.
A head that has nothing left to see says nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import torch
from attrs import frozen

from attribution.errors import InvalidRequest, UnsupportedModel
from attribution.faithfulness.forward import prepare, rows_at_once, wide_head
from attribution.faithfulness.occlusion import Score
from attribution.faithfulness.statistics import p_value
from attribution.job import Checkpoint, carry_on

STEPS = (1, 2, 4, 8, 16, 32)  # paths
ORDERS = 20  # random choices of paths


@frozen
class Edge:
    """One edge of attention; `target` reads from `source` ≤ `target`."""

    layer: int  # decoder layer, from 0
    target: int  # position of the query
    source: int  # position of the key
    head: int | None = None  # query head, from 0; None: all heads


@frozen
class PathCurve:
    """The score (logit units) while paths are cut: the strongest, against random ones."""

    steps: tuple[int, ...]  # paths
    cuts: tuple[int, ...]  # edges that are cut at each step
    base: float  # none cut
    strongest: tuple[float, ...]  # at each step
    random: tuple[tuple[float, ...], ...]  # one row per random choice of paths, at each step
    p_value: float  # share of random choices that move the score at least as far, never 0


def ablate(
    model: Any,
    ids: torch.Tensor,
    score: Score,
    edges: Sequence[Edge],
    checkpoint: Checkpoint = carry_on,
) -> float:
    """The score with all `edges` cut, in logit units.

    `ids` (n,) int64; `score` maps logits (rows, vocabulary) to (rows,). `model` is as it was
    afterwards, also after an error. Raises InvalidRequest for an edge that does not exist,
    UnsupportedModel for an attention that cannot be cut.
    """
    return _scores(model, ids, score, [edges], checkpoint)[0]


def path_curve(
    model: Any,
    ids: torch.Tensor,
    score: Score,
    paths: Sequence[Sequence[Edge]],
    others: Sequence[Sequence[Sequence[Edge]]],
    *,
    steps: Sequence[int] = STEPS,
    checkpoint: Checkpoint = carry_on,
) -> PathCurve:
    """Cut all edges on the first k of `paths` (strongest first), and as many random ones.

    A path is the edges on it; paths share some. Each row of `others` is a random choice of paths,
    of whose edges the first are cut, as many as lie on the k strongest paths. Steps beyond the
    paths that there are, are left out. What the comparison says depends on the rows: draw them
    from paths that could have been chosen. The p-value compares how far the score moves,
    |score − base|, on average over the steps.
    """
    kept = tuple(step for step in steps if 0 < step <= len(paths))
    if not kept or not all(paths):
        raise InvalidRequest("There are too few paths to cut.")
    ranked, *random = ([*dict.fromkeys(chain.from_iterable(row))] for row in (paths, *others))
    cuts = tuple(len({*chain.from_iterable(paths[:step])}) for step in kept)
    sets = [order[:count] for order in (ranked, *random) for count in cuts]
    base, *found = _scores(model, ids, score, [[], *sets], checkpoint)
    curves = [tuple(found[k : k + len(kept)]) for k in range(0, len(found), len(kept))]
    moved, *by_chance = (float(np.mean(np.abs(np.subtract(row, base)))) for row in curves)
    return PathCurve(kept, cuts, base, curves[0], tuple(curves[1:]), p_value(moved, by_chance))


def _scores(
    model: Any,
    ids: torch.Tensor,
    score: Score,
    cuts: Sequence[Sequence[Edge]],
    checkpoint: Checkpoint,
) -> list[float]:
    """The score with each list of edges cut."""
    model, ids = prepare(model, ids)
    attentions = _attentions(model)
    _check(cuts, len(attentions), len(ids), _heads(model))
    size = rows_at_once(model, len(ids), len(ids))
    scores: list[float] = []
    for first in range(0, len(cuts), size):
        checkpoint()
        batch = cuts[first : first + size]
        rows = ids.repeat(len(batch), 1)
        with torch.inference_mode(), wide_head(model), _cut(attentions, batch, _heads(model)):
            logits = model(
                input_ids=rows,
                attention_mask=torch.ones_like(rows),
                use_cache=False,
                logits_to_keep=1,
            ).logits[:, -1]
            scores += score(logits).double().tolist()
    return scores


def _heads(model: Any) -> int:
    heads: int = model.config.get_text_config(decoder=True).num_attention_heads
    return heads


def _attentions(model: Any) -> dict[int, Any]:
    """Decoder layer → its attention module."""
    found = {
        module.layer_idx: module
        for module in model.modules()
        if isinstance(getattr(module, "layer_idx", None), int) and hasattr(module, "is_causal")
    }
    if sorted(found) != list(range(len(found))) or not found:
        raise UnsupportedModel("The attention of this model cannot be found layer by layer.")
    return found


def _check(cuts: Sequence[Sequence[Edge]], layers: int, n: int, heads: int) -> None:
    for edge in {edge for cut in cuts for edge in cut}:
        exists = 0 <= edge.layer < layers and 0 <= edge.source <= edge.target < n
        if not exists or (edge.head is not None and not 0 <= edge.head < heads):
            raise InvalidRequest(f"The model has no such edge: {edge}.")


@contextmanager
def _cut(attentions: dict[int, Any], batch: Sequence[Sequence[Edge]], heads: int) -> Iterator[None]:
    """Inside, row k of a batch runs without the edges batch[k]; other layers are untouched."""
    handles = []
    try:
        for layer, attention in attentions.items():
            edges = [
                (k, edge) for k, cut in enumerate(batch) for edge in cut if edge.layer == layer
            ]
            if edges:
                hook = _Hide(edges, len(batch), heads)
                handles.append(attention.register_forward_pre_hook(hook, with_kwargs=True))
        yield
    finally:
        for handle in handles:
            handle.remove()


@frozen
class _Hide:
    """Hides keys in the mask that one attention module is called with."""

    edges: list[tuple[int, Edge]]  # with the row of the batch
    rows: int
    heads: int

    def __call__(
        self, _module: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if "attention_mask" not in keywords:
            raise UnsupportedModel("The attention of this model is called without a mask.")
        hidden = arguments[0] if arguments else keywords["hidden_states"]
        visible = self._visible(hidden.shape[1], hidden.device)
        mask = keywords["attention_mask"]
        if mask is not None:  # a sliding window; SDPA's masks are boolean, True is seen
            visible &= mask
        return arguments, keywords | {"attention_mask": visible}

    def _visible(self, n: int, device: torch.device) -> torch.Tensor:
        """(rows, heads or 1, n, n) bool: the past but for what is cut."""
        single = any(edge.head is not None for _, edge in self.edges)
        past = torch.ones(n, n, dtype=torch.bool, device=device).tril()
        visible = past.repeat(self.rows, self.heads if single else 1, 1, 1)
        for row, edge in self.edges:
            head = slice(None) if edge.head is None else edge.head
            visible[row, head, edge.target, edge.source] = False
        return visible

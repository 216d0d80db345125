"""How much memory an attribution takes beside the weights: n · d · layers, never n² · heads.

What autograd keeps of one token and layer, in elements of the model's dtype:

    2 d                     the residual stream before the attention and before the MLP
    2 heads · head_dim      queries, and the attention's output (its values are views of it)
    2 kv heads · head_dim   keys and values
    2 m                     gate and up (m: intermediate size; experts: those that a token visits)

With `recompute` only the residual stream is kept, and one layer is whole at a time. A graph adds
tiles of a fixed size (closed_form.py), the edges of one transition (n² at most, where every node is
retained; no heads, one layer at a time) and, where a model has sliding windows, one mask of n²
bytes. Transitions that skip layers hold copies of a stretch of layers (packed.py); integrated
gradients pass several points of their path together (integrated.py), each with all n tokens.
"""

from typing import Any

import torch
from attrs import frozen

from attribution.lrp.closed_form import TILE
from attribution.lrp.packed import batch_for

_TEMPORARIES = 4  # buffers as wide as the widest activation, while one layer is passed
_TILES = 6  # alive at once in a closed form
_EDGE_MATRICES = 3  # of a transition: the edges, their sizes, and those sorted


@frozen
class MemoryEstimate:
    """Bytes beside the weights, for one pass over n tokens."""

    kept: int  # by all layers until the pass comes back
    passing: int  # while one layer is passed
    graph: int  # more for the edges

    @property
    def total(self) -> int:
        return self.kept + self.passing + self.graph


def estimate_memory(
    config: Any,
    n: int,
    dtype: torch.dtype,
    *,
    recompute: bool = False,
    graph: bool = False,
    skipped_layers: int = 0,
    sequences: int = 1,
) -> MemoryEstimate:
    """What a pass over n tokens needs in a model of this transformers text `config` and `dtype`.

    `skipped_layers` is the longest stretch of layers that a transition of the graph skips, 0 for
    none; `sequences` is how many sequences of n tokens are passed together.
    """
    d, layers = config.hidden_size, config.num_hidden_layers
    heads = config.num_attention_heads
    kv_heads = getattr(config, "num_key_value_heads", None) or heads
    head_dim = getattr(config, "head_dim", None) or d // heads
    m = _intermediate_size(config)
    stream, inside = 2 * d, 2 * (heads + kv_heads) * head_dim + 2 * m
    per_element = sequences * n * dtype.itemsize  # bytes of one element of every token
    layer = per_element * (stream if recompute else stream + inside)
    kept = max(layers, skipped_layers * batch_for(n)) * layer
    passing = per_element * (_TEMPORARIES * max(m, d) + (inside if recompute else 0))
    edges = 0
    if graph:
        wide = max(4, dtype.itemsize)
        edges = (_TILES * min(TILE, heads * n * n) + _EDGE_MATRICES * n * n) * wide
        edges += n * n if _has_windows(config) else 0
    return MemoryEstimate(kept, passing, edges)


def _intermediate_size(config: Any) -> int:
    per_token = getattr(config, "num_experts_per_tok", None)
    if per_token:
        return int(per_token * config.moe_intermediate_size)
    size = getattr(config, "intermediate_size", None) or getattr(config, "n_inner", None)
    return int(size or 4 * config.hidden_size)


def _has_windows(config: Any) -> bool:
    kinds = getattr(config, "layer_types", None) or ()
    return "sliding_attention" in kinds or bool(getattr(config, "sliding_window", None))

"""Stages of the residual stream: their numbers, their names, and which of them a graph shows.

0 is the embedding, 2·layer + 1 the stream after the attention of a layer, 2·layer + 2 after its
MLP. Their names are "embedding", "N.attention" and "N.mlp".
"""

from collections.abc import Collection, Sequence
from itertools import pairwise

from attribution.errors import InvalidRequest


def select_stages(
    layer_count: int, layers: Collection[int] | None = None, midpoints: bool = False
) -> list[int]:
    """The stages of a graph, ascending, always with the embedding and the last one.

    `layers` are the decoder layers whose end is a stage, None: all `layer_count`. With `midpoints`
    the stage between attention and MLP is added wherever the ends on both sides of it are stages.
    Raises InvalidRequest for a layer that the model does not have.
    """
    ends = set(range(layer_count)) if layers is None else set(layers)
    if outside := sorted(layer for layer in ends if not 0 <= layer < layer_count):
        raise InvalidRequest(
            f"There is no layer {outside[0]}; the model has layers 0 to {layer_count - 1}."
        )
    ends.add(layer_count - 1)
    middles = {2 * layer + 1 for layer in ends if midpoints and (layer == 0 or layer - 1 in ends)}
    return sorted({0, *(2 * layer + 2 for layer in ends), *middles})


def stage_name(stage: int) -> str:
    """The name of a stage number."""
    if stage == 0:
        return "embedding"
    return f"{(stage - 1) // 2}.{'attention' if stage % 2 else 'mlp'}"


def stage_number(name: str) -> int:
    """The inverse of `stage_name`."""
    if name == "embedding":
        return 0
    layer, part = name.split(".")
    return 2 * int(layer) + (1 if part == "attention" else 2)


def skips(stages: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbours among `stages` (ascending) with at least one layer's end between them."""
    return [(start, end) for start, end in pairwise(stages) if end - start > 2]


def longest_skip(stages: Sequence[int]) -> int:
    """How many layers the longest of the `skips` goes through, 0 where there are none."""
    return max(((end - start) // 2 for start, end in skips(stages)), default=0)

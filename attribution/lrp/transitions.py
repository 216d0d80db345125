"""From the dense edges of one transition to its candidates, as arrays on the CPU."""

from collections.abc import Sequence
from functools import reduce

import numpy as np
import torch
from attrs import frozen

from attribution.graphs.raw import Array, RawTransition
from attribution.lrp.closed_form import ClosedForm
from attribution.lrp.rules.layer_pass import LayerPass

_HEADS = ("head_layers", "head_edges", "head_numbers")


@frozen(eq=False)
class TransitionEdges:
    """All edges of the retained targets of one transition; floats are at least float32."""

    targets: torch.Tensor  # (t,) int64, ascending
    weights: torch.Tensor  # (t, n)
    relevance: torch.Tensor  # (n,) of all targets
    leak: torch.Tensor  # (n,) of all targets
    affine: bool  # whether biases take part
    visible: torch.Tensor  # (n,) int64: how many sources each target can see


def tokens_above(relevance: torch.Tensor, threshold: float) -> torch.Tensor:
    """(n,) → (t,) int64, ascending: tokens with an |relevance| of at least `threshold`, not 0."""
    return ((relevance.abs() >= threshold) & (relevance != 0)).nonzero()[:, 0]


def first_visible(mask: torch.Tensor | None, n: int, device: torch.device) -> torch.Tensor:
    """(n,) int64: the first source that each target sees; `mask` (n, n) bool, None: causal.

    Causal attention and sliding windows see everything from there up to the target itself.
    """
    if mask is None:
        return torch.zeros(n, dtype=torch.int64, device=device)
    return mask.view(torch.uint8).argmax(1).to(device)


def visible_through(first: Sequence[torch.Tensor]) -> torch.Tensor:
    """(n,) int64: how many sources each target sees through layers with these `first_visible`.

    From the lowest layer up. What is seen first through two of them is what the first that is
    seen in the upper one sees first in the lower.
    """
    lowest = reduce(lambda lower, upper: lower[upper.to(lower.device)], first)
    return torch.arange(len(lowest), device=lowest.device) + 1 - lowest


def strongest_edges(
    weights: torch.Tensor, sources: torch.Tensor, count: int, mass: float
) -> torch.Tensor:
    """(k,) int64: flat indices into `weights` (t, n) of the candidates, strongest first.

    Candidates come from `sources` (n,) bool. They are at most `count`, and no more than it takes
    to hold the share `mass` of Σ|weight|.
    """
    size = weights.abs() * sources.to(weights.device)
    top = size.flatten().topk(min(size.numel(), count))
    chosen = top.values > 0
    if mass < 1:
        before = top.values.cumsum(0) - top.values
        chosen &= before < mass * size.sum()
    return top.indices[chosen]


def raw_transition(
    edges: TransitionEdges, kept: torch.Tensor, form: ClosedForm | None = None, with_heads: int = 0
) -> RawTransition:
    """The candidates `kept` (k,) (flat, strongest first), the first `with_heads` with their heads.

    `form` is the closed form of the layer; None for a transition that skips layers, which has no
    heads.
    """
    n = edges.relevance.shape[0]
    order = torch.argsort(kept)  # by target, then by source
    strong = torch.arange(len(kept), device=kept.device) < with_heads
    kept, strong = kept[order], strong[order]
    rows, sources, weights = kept // n, kept % n, edges.weights.flatten()[kept]
    targets = edges.targets[rows]
    direct = torch.zeros_like(weights)
    if form is not None:
        own = targets == sources
        direct[own] = form.direct[targets[own]].to(direct)
    mass = float(edges.weights.abs().sum())
    leak, bias, rest = _absorbed(edges, rows, weights)
    return RawTransition(
        targets=_integers(targets),
        sources=_integers(sources),
        weights=to_array(weights),
        direct=to_array(direct),
        **_heads(form, targets, sources, strong),
        leak=leak,
        bias=bias,
        rest=rest,
        dropped_mass=max(0.0, mass - float(weights.abs().sum())),
        visible=_integers(edges.visible),
        dropped_edges=int(edges.visible[edges.targets].sum()) - len(kept),
    )


def _absorbed(
    edges: TransitionEdges, rows: torch.Tensor, weights: torch.Tensor
) -> tuple[Array, Array, Array]:
    """Leak, bias and rest of every target, (n,) float64; `rows` (k,) are places in `targets`.

    What biases absorb is what is missing of a target's relevance when all its edges and its leak
    are there (the tests hold its sum against what the biases' own hooks record); without biases
    that is rounding, and belongs to the rest.
    """
    relevance, leak = to_array(edges.relevance), to_array(edges.leak)
    targets, incoming = _integers(edges.targets), to_array(edges.weights.sum(1))
    bias = np.zeros_like(relevance)
    if edges.affine:
        bias[targets] = relevance[targets] - incoming - leak[targets]
    rest = relevance - leak - bias
    np.subtract.at(rest, targets[_integers(rows)], to_array(weights))
    return leak, bias, rest


def _heads(
    form: ClosedForm | None, targets: torch.Tensor, sources: torch.Tensor, strong: torch.Tensor
) -> dict[str, Array]:
    """The fields `head_…` of the `strong` (k,) bool edges: an entry per edge and head."""
    chosen = strong.nonzero()[:, 0]
    if form is None or not len(chosen):
        none = np.zeros(0, dtype=np.int64)
        return {**dict.fromkeys(_HEADS, none), "head_values": np.zeros((0, 3))}
    split = form.split(targets[chosen], sources[chosen])
    edge_count, heads, _ = split.shape
    return {
        "head_layers": np.full(edge_count * heads, form.layer),
        "head_edges": np.repeat(_integers(chosen), heads),
        "head_numbers": np.tile(np.arange(heads), edge_count),
        "head_values": to_array(split.reshape(-1, 3)),
    }


def mlp_transition(layer_pass: LayerPass, threshold: float, affine: bool) -> RawTransition:
    """The transition through MLP and residual stream, which mix no tokens: what a token has, it
    hands on to itself, but for biases.

    Targets are those with an |relevance| of at least `threshold`, in logit units.
    """
    before, after = to_array(layer_pass.relevance[1]), to_array(layer_pass.relevance[2])
    targets = _integers(tokens_above(layer_pass.relevance[2], threshold))
    none = np.zeros(0, dtype=np.int64)
    lost = (after - before)[targets]
    bias, rest = np.zeros_like(after), after.copy()
    rest[targets] = 0.0 if affine else lost
    if affine:
        bias[targets] = lost
    return RawTransition(
        targets=targets,
        sources=targets,
        weights=before[targets],
        direct=before[targets],
        **dict.fromkeys(_HEADS, none),
        head_values=np.zeros((0, 3)),
        leak=np.zeros_like(after),
        bias=bias,
        rest=rest,
        visible=np.ones(len(after), dtype=np.int64),
        dropped_mass=0.0,
        dropped_edges=0,
    )


def to_array(values: torch.Tensor) -> Array:
    """The same shape in float64, on the CPU."""
    return values.detach().cpu().double().numpy()


def _integers(values: torch.Tensor) -> Array:
    return values.cpu().numpy()

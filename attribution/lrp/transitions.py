"""From the dense rows of one transition to its candidate edges, as arrays on the CPU."""

from collections.abc import Sequence
from functools import reduce

import numpy as np
import torch
from attrs import frozen

from attribution.graphs.raw import Array, RawTransition
from attribution.lrp.closed_form import ClosedForm
from attribution.lrp.rules.backward_trace import LayerPass

_HEADS = ("head_layers", "head_edges", "head_numbers")


@frozen(eq=False)
class Rows:
    """All edges of the retained targets of one transition."""

    targets: torch.Tensor  # (t,) ascending
    edges: torch.Tensor  # (t, n)
    relevance: torch.Tensor  # (n,) of all targets
    leak: torch.Tensor  # (n,)
    affine: bool  # whether biases take part
    visible: torch.Tensor  # (n,) int64: sources that each target can see


def above(relevance: torch.Tensor, floor: float) -> torch.Tensor:
    """Tokens with an |relevance| of at least `floor`, and not of 0."""
    return ((relevance.abs() >= floor) & (relevance != 0)).nonzero()[:, 0]


def first_visible(mask: torch.Tensor | None, n: int, device: torch.device) -> torch.Tensor:
    """(n,) int64: the first source that each target sees; `mask` (n, n) bool, None: causal.

    Causal attention and sliding windows see everything from there up to the target itself.
    """
    if mask is None:
        return torch.zeros(n, dtype=torch.int64, device=device)
    return mask.view(torch.uint8).argmax(1).to(device)


def seen_through(first: Sequence[torch.Tensor]) -> torch.Tensor:
    """(n,) int64: how many sources each target sees through layers with these `first_visible`.

    From the lowest layer up. What is seen first through two of them is what the first that is
    seen in the upper one sees first in the lower.
    """
    lowest = reduce(lambda lower, upper: lower[upper.to(lower.device)], first)
    return torch.arange(len(lowest), device=lowest.device) + 1 - lowest


def strongest(edges: torch.Tensor, sources: torch.Tensor, count: int, mass: float) -> torch.Tensor:
    """Flat indices into `edges` (t, n) of the candidates, strongest first.

    From the `sources` (n,) bool; at most `count`, and no more than hold this share of the mass.
    """
    size = edges.abs() * sources.to(edges.device)
    top = size.flatten().topk(min(size.numel(), count))
    chosen = top.values > 0
    if mass < 1:
        before = top.values.cumsum(0) - top.values
        chosen &= before < mass * size.sum()
    return top.indices[chosen]


def transition(
    rows: Rows, kept: torch.Tensor, form: ClosedForm | None = None, headed: int = 0
) -> RawTransition:
    """The candidates `kept` (flat, strongest first), the first `headed` with their heads."""
    n = rows.relevance.shape[0]
    order = torch.argsort(kept)  # by target, then by source
    strong = torch.arange(len(kept), device=kept.device) < headed
    kept, strong = kept[order], strong[order]
    places, sources, weights = kept // n, kept % n, rows.edges.flatten()[kept]
    targets = rows.targets[places]
    direct = torch.zeros_like(weights)
    if form is not None:
        own = targets == sources
        direct[own] = form.direct[targets[own]].to(direct)
    mass = float(rows.edges.abs().sum())
    leak, bias, rest = _absorbed(rows, places, weights)
    return RawTransition(
        targets=_integers(targets),
        sources=_integers(sources),
        weights=array(weights),
        direct=array(direct),
        **_heads(form, targets, sources, strong),
        leak=leak,
        bias=bias,
        rest=rest,
        dropped_mass=max(0.0, mass - float(weights.abs().sum())),
        visible=_integers(rows.visible),
        dropped_edges=int(rows.visible[rows.targets].sum()) - len(kept),
    )


def _absorbed(
    rows: Rows, places: torch.Tensor, weights: torch.Tensor
) -> tuple[Array, Array, Array]:
    """Leak, bias and rest of every target, (n,) float64.

    What biases absorb is what is missing of a target's relevance when all its edges and its leak
    are there (the tests hold its sum against the biases' own bookings); without biases that is
    rounding, and belongs to the rest.
    """
    relevance, leak = array(rows.relevance), array(rows.leak)
    at, full = _integers(rows.targets), array(rows.edges.sum(1))
    bias = np.zeros_like(relevance)
    if rows.affine:
        bias[at] = relevance[at] - full - leak[at]
    rest = relevance - leak - bias
    np.subtract.at(rest, at[_integers(places)], array(weights))
    return leak, bias, rest


def _heads(
    form: ClosedForm | None, targets: torch.Tensor, sources: torch.Tensor, strong: torch.Tensor
) -> dict[str, Array]:
    """The split of the strong edges, one row per edge and head."""
    chosen = strong.nonzero()[:, 0]
    if form is None or not len(chosen):
        none = np.zeros(0, dtype=np.int64)
        return {**dict.fromkeys(_HEADS, none), "head_values": np.zeros((0, 3))}
    split = form.split(targets[chosen], sources[chosen])
    edges, heads, _ = split.shape
    return {
        "head_layers": np.full(edges * heads, form.layer),
        "head_edges": np.repeat(_integers(chosen), heads),
        "head_numbers": np.tile(np.arange(heads), edges),
        "head_values": array(split.reshape(-1, 3)),
    }


def through_mlp(done: LayerPass, floor: float, affine: bool) -> RawTransition:
    """MLP and residual stream are diagonal: a token hands on what it has, but for biases.

    Targets are those with an |relevance| of at least `floor`, in logit units.
    """
    before, after = array(done.relevance[1]), array(done.relevance[2])
    own = _integers(above(done.relevance[2], floor))
    none = np.zeros(0, dtype=np.int64)
    lost = (after - before)[own]
    bias, rest = np.zeros_like(after), after.copy()
    rest[own] = 0.0 if affine else lost
    if affine:
        bias[own] = lost
    return RawTransition(
        targets=own,
        sources=own,
        weights=before[own],
        direct=before[own],
        **dict.fromkeys(_HEADS, none),
        head_values=np.zeros((0, 3)),
        leak=np.zeros_like(after),
        bias=bias,
        rest=rest,
        visible=np.ones(len(after), dtype=np.int64),
        dropped_mass=0.0,
        dropped_edges=0,
    )


def array(values: torch.Tensor) -> Array:
    return values.detach().cpu().double().numpy()


def _integers(values: torch.Tensor) -> Array:
    return values.cpu().numpy()

"""The attribution graph of one attribution: relevance of all nodes, and candidate edges.

Neighbouring stages come out of the one backward pass in closed form, layer by layer, as it comes
down; stages further apart take passes of their own (packed.py). Of every transition the strongest
edges are kept as candidates, with the sum of what is left out; pruning is not decided here.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from attrs import define, field, frozen

from attribution.errors import InvalidRequest
from attribution.graphs.raw import RawGraph, RawTransition
from attribution.lrp.closed_form import ClosedForm, closed_form, is_affine
from attribution.lrp.ledger import LayerPass, Ledger, Method
from attribution.lrp.objective import Objective
from attribution.lrp.packed import Span, packed_rows
from attribution.lrp.patch import Rules
from attribution.lrp.relevance import backward, prepare


@frozen
class Wanted:
    """How much of the graph to compute."""

    layers: tuple[int, ...] | None = None  # decoder layers whose end is a stage; None: all
    midpoints: bool = False  # also the stage between attention and MLP, where both are adjacent
    node_floor: float = 0.0  # share of |Δℓ| below which a node has no edges
    mass: float = 1.0  # share of a transition's absolute mass that the candidates hold
    candidates: int = 20_000  # at most, per transition; the strongest
    headed: int = 4_000  # of them, with their split over heads


_HEADS = ("head_layers", "head_edges", "head_numbers")


def _carry_on() -> None:
    pass


def build(
    model: Any,
    input_ids: torch.Tensor,
    objective: Objective,
    wanted: Wanted,
    *,
    method: Method = Method.ATTNLRP,
    checkpoint: Callable[[], None] = _carry_on,
    recompute: bool = False,
) -> RawGraph:
    """The graph of Δℓ for `input_ids` (n,) int64; arguments and errors as in `attribute`.

    Raises InvalidRequest for a method without rules: its gradients do not flow along edges.
    """
    if not method.ruled:
        raise InvalidRequest(f"A graph needs attnlrp or cplrp; {method} has no edges.")
    model, rules = prepare(model, input_ids, objective)
    stages = select_stages(model.config.num_hidden_layers, wanted)
    builder = _Builder(wanted, stages)
    ledger = Ledger(
        method,
        checkpoint,
        recompute=recompute,
        on_stage=builder.on_stage,
        on_layer=lambda done: builder.on_layer(done, ledger),
    )
    logit_diff, _, _ = backward(model, rules, input_ids, objective, ledger)
    builder.skip_layers(model, rules, ledger)
    relevance = np.stack([_array(ledger.nodes[stage][0]) for stage in stages])
    return RawGraph(
        stages=tuple(map(stage_name, stages)),
        relevance=relevance,
        logit_diff=logit_diff,
        transitions=tuple(builder.found[pair] for pair in builder.pairs),
    )


def select_stages(layers: int, wanted: Wanted) -> list[int]:
    """Stage numbers (see ledger.py), ascending; the embedding and the last are always there."""
    ends = set(range(layers)) if wanted.layers is None else set(wanted.layers)
    if outside := sorted(layer for layer in ends if not 0 <= layer < layers):
        raise InvalidRequest(
            f"There is no layer {outside[0]}; the model has layers 0 to {layers - 1}."
        )
    ends.add(layers - 1)
    middles = {
        2 * layer + 1 for layer in ends if wanted.midpoints and (layer == 0 or layer - 1 in ends)
    }
    return sorted({0, *(2 * layer + 2 for layer in ends), *middles})


def stage_name(stage: int) -> str:
    """0 is "embedding"; of layer N: "N.attention" and "N.mlp"."""
    if stage == 0:
        return "embedding"
    return f"{(stage - 1) // 2}.{'attention' if stage % 2 else 'mlp'}"


@define(eq=False)
class _Builder:
    """Collects transitions while the pass comes down, and those that skip layers after it."""

    wanted: Wanted
    stages: list[int]
    found: dict[tuple[int, int], RawTransition] = field(factory=dict)
    states: dict[int, tuple[torch.Tensor, torch.Tensor]] = field(factory=dict)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return list(zip(self.stages[:-1], self.stages[1:], strict=True))

    @property
    def skips(self) -> list[tuple[int, int]]:
        return [(a, b) for a, b in self.pairs if b - a > 2]

    def on_stage(self, stage: int, hidden: torch.Tensor, cotangent: torch.Tensor) -> None:
        """Keep the ends of stretches that skip layers."""
        if any(stage in pair for pair in self.skips):
            self.states[stage] = hidden[0], cotangent[0]

    def on_layer(self, done: LayerPass, ledger: Ledger) -> None:
        start = 2 * done.layer
        if start in self.stages and start + 1 in self.stages:
            self.found[start, start + 1] = self._closed(done, ledger, 1)
            self.found[start + 1, start + 2] = _through_mlp(done)
        elif start in self.stages and start + 2 in self.stages:
            self.found[start, start + 2] = self._closed(done, ledger, 2)

    def _closed(self, done: LayerPass, ledger: Ledger, end: int) -> RawTransition:
        """From the input of the layer to its stage `end` (1 after the attention, 2 after all)."""
        form = closed_form(done, ledger)
        before, after = done.relevance[0], done.relevance[end]
        floor = self.wanted.node_floor * abs(ledger.logit_diff)
        targets = _above(after, floor)
        affine = is_affine(ledger.calls[done.layer].module)
        rows = form.rows(targets)
        kept = _strongest(rows, before.abs() >= floor, self.wanted)
        return _transition(
            _Rows(targets, rows, done.leak[targets], affine),
            kept,
            after,
            done.leak,
            form,
            self.wanted.headed,
        )

    def skip_layers(self, model: Any, rules: Rules, ledger: Ledger) -> None:
        floor = self.wanted.node_floor * abs(ledger.logit_diff)
        for a, b in self.skips:
            calls = [ledger.calls[layer] for layer in range(a // 2, b // 2)]
            span = Span(calls, self.states[a][0], self.states[b][1])
            before, after = ledger.nodes[a][0], ledger.nodes[b][0]
            targets = _above(after, floor)
            rows, leaks = packed_rows(
                model, rules, span, targets, method=ledger.method, checkpoint=ledger.checkpoint
            )
            kept = _strongest(rows, before.abs() >= floor, self.wanted)
            leak = torch.zeros_like(after)
            leak[targets] = leaks.to(leak)
            affine = any(is_affine(call.module) for call in calls)
            self.found[a, b] = _transition(
                _Rows(targets, rows, leaks, affine), kept, after, leak, None, 0
            )


@frozen(eq=False)
class _Rows:
    """All edges of the retained targets of one transition."""

    targets: torch.Tensor  # (t,) ascending
    edges: torch.Tensor  # (t, n)
    leak: torch.Tensor  # (t,)
    affine: bool  # whether biases take part


def _above(relevance: torch.Tensor, floor: float) -> torch.Tensor:
    """Tokens with an |relevance| of at least `floor`, and not of 0."""
    return ((relevance.abs() >= floor) & (relevance != 0)).nonzero()[:, 0]


def _strongest(rows: torch.Tensor, sources: torch.Tensor, wanted: Wanted) -> torch.Tensor:
    """Flat indices of the candidates among `rows` (t, n), strongest first."""
    size = rows.abs() * sources.to(rows.device)
    top = size.flatten().topk(min(size.numel(), wanted.candidates))
    nonzero = top.values > 0
    if wanted.mass < 1:
        before = top.values.cumsum(0) - top.values
        nonzero &= before < wanted.mass * size.sum()
    return top.indices[nonzero]


def _transition(
    all_of: _Rows,
    kept: torch.Tensor,
    after: torch.Tensor,
    leak: torch.Tensor,
    form: ClosedForm | None,
    headed: int,
) -> RawTransition:
    """The candidates as arrays, ordered by target; `after` (n,) is relevance of the targets."""
    n = after.shape[0]
    weights = all_of.edges.flatten()[kept]
    places, sources = kept // n, kept % n
    order = torch.argsort(places * n + sources)
    strong = torch.zeros_like(kept, dtype=torch.bool)
    strong[:headed] = True
    places, sources, weights, strong = (x[order] for x in (places, sources, weights, strong))
    targets = all_of.targets[places]
    full, some = _array(all_of.edges.sum(1)), np.zeros(len(all_of.targets))
    np.add.at(some, _integers(places), _array(weights))
    relevance, lost = _array(after), _array(leak)
    bias, at = np.zeros(n), _integers(all_of.targets)
    if all_of.affine:
        bias[at] = relevance[at] - full - lost[at]
    rest = relevance - lost - bias
    rest[at] -= some
    direct = torch.zeros_like(weights)
    if form is not None:
        own = targets == sources
        direct[own] = form.direct[targets[own]].to(direct)
    mass = float(all_of.edges.abs().sum())
    possible = int((all_of.targets + 1).sum())
    return RawTransition(
        targets=_integers(targets),
        sources=_integers(sources),
        weights=_array(weights),
        direct=_array(direct),
        **_heads(form, targets, sources, strong),
        leak=lost,
        bias=bias,
        rest=rest,
        dropped_mass=max(0.0, mass - float(weights.abs().sum())),
        dropped_edges=possible - len(kept),
    )


def _heads(
    form: ClosedForm | None, targets: torch.Tensor, sources: torch.Tensor, strong: torch.Tensor
) -> dict[str, np.ndarray[Any, Any]]:
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
        "head_values": _array(split.reshape(-1, 3)),
    }


def _through_mlp(done: LayerPass) -> RawTransition:
    """MLP and residual stream are diagonal: a token hands on what it has, but for biases."""
    before, after = _array(done.relevance[1]), _array(done.relevance[2])
    own = np.nonzero(after)[0]
    none = np.zeros(0, dtype=np.int64)
    zero = np.zeros_like(after)
    return RawTransition(
        targets=own,
        sources=own,
        weights=before[own],
        direct=before[own],
        **dict.fromkeys(_HEADS, none),
        head_values=np.zeros((0, 3)),
        leak=zero,
        bias=after - before,
        rest=zero,
        dropped_mass=0.0,
        dropped_edges=0,
    )


def _array(values: torch.Tensor) -> np.ndarray[Any, Any]:
    return values.detach().cpu().double().numpy()


def _integers(values: torch.Tensor) -> np.ndarray[Any, Any]:
    return values.cpu().numpy()

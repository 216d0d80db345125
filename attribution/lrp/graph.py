"""The attribution graph of one attribution: relevance of all nodes, and candidate edges.

Neighbouring stages come out of the one backward pass in closed form, layer by layer, as it comes
down; stages further apart take passes of their own (packed.py). Of every transition the strongest
edges are kept as candidates, with the sum of what is left out; pruning is not decided here.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from attrs import define, field, frozen

from attribution.errors import InvalidRequest
from attribution.graphs.raw import RawGraph, RawTransition
from attribution.job import Checkpoint, carry_on
from attribution.lrp.closed_form import closed_form, is_affine
from attribution.lrp.objective import Objective
from attribution.lrp.packed import LayerRange, packed_rows
from attribution.lrp.relevance import backward, prepare, require_finite
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.backward_trace import BackwardTrace, LayerPass, Method
from attribution.lrp.transitions import (
    Rows,
    above,
    array,
    first_visible,
    seen_through,
    strongest,
    through_mlp,
    transition,
)


@frozen
class Wanted:
    """How much of the graph to compute."""

    layers: tuple[int, ...] | None = None  # decoder layers whose end is a stage; None: all
    midpoints: bool = False  # also the stage between attention and MLP, where both are adjacent
    node_floor: float = 0.0  # |relevance| below which a node has no edges …
    relative: bool = True  # … as a share of |Δℓ|; False: in logit units
    mass: float = 1.0  # share of a transition's absolute mass that the candidates hold
    candidates: int = 100_000  # at most, per transition; the strongest
    headed: int = 10_000  # of them, with their split over heads


def build(
    model: Any,
    input_ids: torch.Tensor,
    objective: Objective,
    wanted: Wanted,
    *,
    method: Method = Method.ATTNLRP,
    checkpoint: Checkpoint = carry_on,
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
    trace = BackwardTrace(
        method,
        checkpoint,
        recompute=recompute,
        on_stage=builder.on_stage,
        on_layer=builder.on_layer,
    )
    logit_diff, _, _ = backward(model, rules, input_ids, objective, trace)
    builder.skip_layers(model, rules, trace)
    relevance = np.stack([array(trace.nodes[stage][0]) for stage in stages])
    require_finite(model, torch.from_numpy(relevance), logit_diff)
    return RawGraph(
        stages=tuple(map(stage_name, stages)),
        relevance=relevance,
        logit_diff=logit_diff,
        transitions=tuple(builder.found[pair] for pair in builder.pairs),
        head_bias=logit_diff - float(relevance[-1].sum()) if _ends_affine(model) else 0.0,
        most=wanted.candidates,
    )


def _ends_affine(model: Any) -> bool:
    """Whether biases follow the last stage: of the final norm, or of the head."""
    ends = [model.get_output_embeddings(), *model.base_model.children()]
    return any(getattr(module, "bias", None) is not None for module in ends)


def select_stages(layers: int, wanted: Wanted) -> list[int]:
    """Stage numbers (as in backward_trace.py), ascending, with the embedding and the last."""
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


def stage_number(name: str) -> int:
    """The inverse of `stage_name`."""
    if name == "embedding":
        return 0
    layer, part = name.split(".")
    return 2 * int(layer) + (1 if part == "attention" else 2)


def longest_skip(stages: list[int]) -> int:
    """The most layers that lie between two neighbouring stages, 0 where none are skipped."""
    gaps = [(b - a) // 2 for a, b in pairwise(stages) if b - a > 2]
    return max(gaps, default=0)


@define(eq=False)
class _Builder:
    """Collects transitions while the pass comes down, and those that skip layers after it."""

    wanted: Wanted
    stages: list[int]
    found: dict[tuple[int, int], RawTransition] = field(factory=dict)
    states: dict[int, tuple[torch.Tensor, torch.Tensor]] = field(factory=dict)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return list(pairwise(self.stages))

    @property
    def skips(self) -> list[tuple[int, int]]:
        return [(a, b) for a, b in self.pairs if b - a > 2]

    def floor(self, trace: BackwardTrace) -> float:
        """Smallest |relevance| of a node with edges, in logit units."""
        return self.wanted.node_floor * (abs(trace.logit_diff) if self.wanted.relative else 1.0)

    def on_stage(self, stage: int, hidden: torch.Tensor, cotangent: torch.Tensor) -> None:
        """Keep the ends of stretches that skip layers."""
        if any(stage in pair for pair in self.skips):
            self.states[stage] = hidden[0], cotangent[0]

    def on_layer(self, done: LayerPass, trace: BackwardTrace) -> None:
        start = 2 * done.layer
        if start in self.stages and start + 1 in self.stages:
            self.found[start, start + 1] = self._closed(done, trace, 1)
            affine = is_affine(trace.calls[done.layer].module)
            self.found[start + 1, start + 2] = through_mlp(done, self.floor(trace), affine)
        elif start in self.stages and start + 2 in self.stages:
            self.found[start, start + 2] = self._closed(done, trace, 2)

    def _closed(self, done: LayerPass, trace: BackwardTrace, end: int) -> RawTransition:
        """From the input of the layer to its stage `end` (1 after the attention, 2 after all)."""
        form, wanted = closed_form(done, trace), self.wanted
        before, after = done.relevance[0], done.relevance[end]
        floor = self.floor(trace)
        targets = above(after, floor)
        affine = is_affine(trace.calls[done.layer].module)
        first = first_visible(done.attention.mask, len(after), after.device)
        rows = Rows(targets, form.rows(targets), after, done.leak, affine, seen_through([first]))
        kept = strongest(rows.edges, before.abs() >= floor, wanted.candidates, wanted.mass)
        return transition(rows, kept, form, wanted.headed)

    def skip_layers(self, model: Any, rules: Rules, trace: BackwardTrace) -> None:
        """The transitions that skip layers, for which the pass has kept its states."""
        wanted = self.wanted
        floor = self.floor(trace)
        for a, b in self.skips:
            calls = [trace.calls[layer] for layer in range(a // 2, b // 2)]
            span = LayerRange(calls, self.states[a][0], self.states[b][1])
            before, after = trace.nodes[a][0], trace.nodes[b][0]
            targets = above(after, floor)
            edges, leaks = packed_rows(
                model,
                rules,
                span,
                targets,
                method=trace.method,
                checkpoint=trace.checkpoint,
                recompute=trace.recompute,
            )
            leak = torch.zeros_like(after)
            leak[targets] = leaks.to(leak)
            affine = any(is_affine(call.module) for call in calls)
            first = [first_visible(call.mask, len(after), after.device) for call in calls]
            seen = seen_through(first).to(edges.device)
            rows = Rows(targets.to(edges.device), edges, after, leak, affine, seen)
            kept = strongest(edges, before.abs() >= floor, wanted.candidates, wanted.mass)
            self.found[a, b] = transition(rows, kept)

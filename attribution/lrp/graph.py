"""The attribution graph of one attribution: relevance of all nodes, and candidate edges.

Neighbouring stages come out of the one backward pass in closed form, layer by layer, as it comes
down; stages further apart take passes of their own (packed.py). Of every transition the strongest
edges are kept as candidates, with the sum of what is left out; graphs/pruning.py decides which of
them are shown.
"""

from typing import Any

import numpy as np
import torch
from attrs import define, field, frozen

from attribution.errors import InvalidRequest
from attribution.graphs.raw import RawGraph, RawTransition
from attribution.lrp.closed_form import closed_form, is_affine
from attribution.lrp.objective import Objective
from attribution.lrp.packed import LayerRange, packed_edges
from attribution.lrp.relevance import backward, prepare, require_finite
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.backward_trace import BackwardTrace, Observers
from attribution.lrp.rules.layer_pass import LayerPass
from attribution.lrp.settings import DEFAULT, PassSettings
from attribution.lrp.stages import select_stages, skips, stage_name
from attribution.lrp.transitions import (
    TransitionEdges,
    first_visible,
    mlp_transition,
    raw_transition,
    strongest_edges,
    to_array,
    tokens_above,
    visible_through,
)


@frozen
class GraphSettings:
    """How much of the graph to compute."""

    layers: tuple[int, ...] | None = None  # decoder layers whose end is a stage; None: all
    midpoints: bool = False  # also the stage between attention and MLP, where both are adjacent
    node_threshold: float = 0.0  # |relevance| below which a node has no edges …
    relative: bool = True  # … as a share of |Δℓ|; False: in logit units
    mass: float = 1.0  # share of a transition's absolute mass that the candidates hold
    candidates: int = 100_000  # at most, per transition; the strongest
    with_heads: int = 10_000  # of them, the strongest, are split over heads


def build_raw_graph(
    model: Any,
    input_ids: torch.Tensor,
    objective: Objective,
    graph_settings: GraphSettings = GraphSettings(),
    settings: PassSettings = DEFAULT,
) -> RawGraph:
    """The graph of Δℓ for `input_ids` (n,) int64; arguments and errors as in `attribute`.

    Raises InvalidRequest for a method without rules: its gradients do not flow along edges.
    """
    if not settings.method.ruled:
        raise InvalidRequest(f"A graph needs attnlrp or cplrp; {settings.method} has no edges.")
    model, rules = prepare(model, input_ids, objective)
    stages = select_stages(
        model.config.num_hidden_layers, graph_settings.layers, graph_settings.midpoints
    )
    builder = _GraphBuilder(graph_settings, stages)
    trace = BackwardTrace(settings, Observers(builder.on_stage, builder.on_layer))
    logit_diff, _, _ = backward(model, rules, input_ids, objective, trace)
    builder.add_skips(model, rules, trace)
    relevance = np.stack([to_array(trace.nodes[stage][0]) for stage in stages])
    require_finite(model, torch.from_numpy(relevance), logit_diff)
    return RawGraph(
        stages=tuple(map(stage_name, stages)),
        relevance=relevance,
        logit_diff=logit_diff,
        transitions=tuple(builder.transitions[start] for start in stages[:-1]),
        head_bias=logit_diff - float(relevance[-1].sum()) if _ends_affine(model) else 0.0,
        max_candidates=graph_settings.candidates,
    )


def _ends_affine(model: Any) -> bool:
    """Whether biases follow the last stage: of the final norm, or of the head."""
    ends = [model.get_output_embeddings(), *model.base_model.children()]
    return any(getattr(module, "bias", None) is not None for module in ends)


@define(eq=False)
class _GraphBuilder:
    """Collects transitions while the pass comes down, and those that skip layers after it."""

    settings: GraphSettings
    stages: list[int]
    transitions: dict[int, RawTransition] = field(factory=dict)  # by the stage where they start
    # Hidden state and cotangent, each (n, d), of the stages at which a skip starts or ends.
    states: dict[int, tuple[torch.Tensor, torch.Tensor]] = field(factory=dict)

    def threshold(self, trace: BackwardTrace) -> float:
        """Smallest |relevance| of a node with edges, in logit units."""
        unit = abs(trace.logit_diff) if self.settings.relative else 1.0
        return self.settings.node_threshold * unit

    def on_stage(self, stage: int, hidden: torch.Tensor, cotangent: torch.Tensor) -> None:
        """Keep the ends of skips; both tensors (1, n, d)."""
        if any(stage in ends for ends in skips(self.stages)):
            self.states[stage] = hidden[0], cotangent[0]

    def on_layer(self, layer_pass: LayerPass, trace: BackwardTrace) -> None:
        """Add the transitions within one layer."""
        start = 2 * layer_pass.layer
        if start in self.stages and start + 1 in self.stages:
            self.transitions[start] = self._closed(layer_pass, trace, 1)
            affine = is_affine(trace.calls[layer_pass.layer].module)
            after = mlp_transition(layer_pass, self.threshold(trace), affine)
            self.transitions[start + 1] = after
        elif start in self.stages and start + 2 in self.stages:
            self.transitions[start] = self._closed(layer_pass, trace, 2)

    def _closed(self, layer_pass: LayerPass, trace: BackwardTrace, end: int) -> RawTransition:
        """From the input of the layer to its stage `end` (1 after the attention, 2 after all)."""
        form = closed_form(layer_pass, trace)
        before, after = layer_pass.relevance[0], layer_pass.relevance[end]
        threshold = self.threshold(trace)
        targets = tokens_above(after, threshold)
        affine = is_affine(trace.calls[layer_pass.layer].module)
        first = first_visible(layer_pass.attention.mask, len(after), after.device)
        visible = visible_through([first])
        edges = TransitionEdges(
            targets, form.edges(targets), after, layer_pass.leak, affine, visible
        )
        kept = self._strongest(edges, before.abs() >= threshold)
        return raw_transition(edges, kept, form, self.settings.with_heads)

    def _strongest(self, edges: TransitionEdges, sources: torch.Tensor) -> torch.Tensor:
        return strongest_edges(edges.weights, sources, self.settings.candidates, self.settings.mass)

    def add_skips(self, model: Any, rules: Rules, trace: BackwardTrace) -> None:
        """Add the transitions that skip layers, for which the pass has kept its states."""
        threshold = self.threshold(trace)
        for start, end in skips(self.stages):
            calls = [trace.calls[layer] for layer in range(start // 2, end // 2)]
            layer_range = LayerRange(calls, self.states[start][0], self.states[end][1])
            before, after = trace.nodes[start][0], trace.nodes[end][0]
            targets = tokens_above(after, threshold)
            weights, leaks = packed_edges(model, rules, layer_range, targets, trace.settings)
            leak = torch.zeros_like(after)
            leak[targets] = leaks.to(leak)
            affine = any(is_affine(call.module) for call in calls)
            first = [first_visible(call.mask, len(after), after.device) for call in calls]
            visible = visible_through(first).to(weights.device)
            edges = TransitionEdges(
                targets.to(weights.device), weights, after, leak, affine, visible
            )
            kept = self._strongest(edges, before.abs() >= threshold)
            self.transitions[start] = raw_transition(edges, kept)

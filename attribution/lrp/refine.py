"""What single nodes consist of: hidden dimensions and MLP neurons, from one more pass.

Coarse to fine: the graph says which nodes matter, this says what in them does. The relevance of
dimension d of a node is h_d · ∂Δℓ/∂h_d, and of a neuron the same at what the MLP's last projection
reads; the first add up to the node's relevance, the second to what the MLP hands down.
"""

from collections.abc import Iterable
from typing import Any

import torch
from attrs import define, field, frozen

from attribution.errors import InvalidRequest
from attribution.lrp.objective import Objective
from attribution.lrp.relevance import backward, prepare
from attribution.lrp.rules.backward_trace import BackwardTrace, Observers
from attribution.lrp.settings import DEFAULT, PassSettings

TOP = 10

Ranked = tuple[tuple[int, float], ...]  # (index, relevance), strongest first


@frozen
class NodeParts:
    """Parts of one node; `neurons` is empty for a stage that no MLP ends, and for experts."""

    dimensions: Ranked
    neurons: Ranked = ()
    mlp: float = 0.0  # Σ over all neurons


def refine(
    model: Any,
    input_ids: torch.Tensor,
    objective: Objective,
    nodes: Iterable[tuple[int, int]],
    settings: PassSettings = DEFAULT,
    top: int = TOP,
) -> dict[tuple[int, int], NodeParts]:
    """The `top` dimensions and neurons of `nodes`, each (stage number, token).

    Arguments and errors as in `attribute`; integrated gradients have no pass of this kind. Raises
    InvalidRequest for a node that does not exist.
    """
    model, rules = prepare(model, input_ids, objective)
    nodes = list(nodes)
    _check(nodes, 2 * model.config.num_hidden_layers, len(input_ids))
    collector = _Collector(top)
    for stage, token in nodes:
        collector.tokens.setdefault(stage, []).append(token)
    observers = Observers(
        on_stage=collector.on_stage,
        on_neurons=collector.on_neurons,
        neuron_tokens={
            stage // 2 - 1: tokens
            for stage, tokens in collector.tokens.items()
            if stage and stage % 2 == 0
        },
    )
    backward(model, rules, input_ids, objective, BackwardTrace(settings, observers))
    return {
        node: NodeParts(dimensions, *collector.neurons.get(node, ((), 0.0)))
        for node, dimensions in collector.dimensions.items()
    }


def _check(nodes: Iterable[tuple[int, int]], last: int, n: int) -> None:
    for stage, token in nodes:
        if not 0 <= stage <= last:
            raise InvalidRequest(f"There is no stage {stage}; the model has stages 0 to {last}.")
        if not 0 <= token < n:
            raise InvalidRequest(f"There is no token {token}; there are tokens 0 to {n - 1}.")


@define(eq=False)
class _Collector:
    """Parts of the nodes that are asked for, collected while the pass comes down."""

    top: int
    tokens: dict[int, list[int]] = field(factory=dict)  # by stage
    # By node (stage, token); neurons with the sum over all of them.
    dimensions: dict[tuple[int, int], Ranked] = field(factory=dict)
    neurons: dict[tuple[int, int], tuple[Ranked, float]] = field(factory=dict)

    def on_stage(self, stage: int, hidden: torch.Tensor, cotangent: torch.Tensor) -> None:
        """Both tensors (1, n, d)."""
        tokens = self.tokens.get(stage, [])
        for token, parts in _parts(tokens, hidden[:, tokens], cotangent[:, tokens]):
            self.dimensions[stage, token] = _ranked(parts, self.top)

    def on_neurons(self, layer: int, neurons: torch.Tensor, cotangent: torch.Tensor) -> None:
        """Both tensors (1, tokens, m), of the tokens at the end of this layer."""
        stage = 2 * layer + 2
        for token, parts in _parts(self.tokens[stage], neurons, cotangent):
            self.neurons[stage, token] = _ranked(parts, self.top), float(parts.sum())


def _parts(
    tokens: list[int], values: torch.Tensor, cotangent: torch.Tensor
) -> list[tuple[int, torch.Tensor]]:
    """Both (1, tokens, d) → (token, relevance of its dimensions (d,) float64 on the CPU)."""
    parts = values[0].cpu().double() * cotangent[0].cpu().double()
    return list(zip(tokens, parts, strict=True))


def _ranked(parts: torch.Tensor, top: int) -> Ranked:
    order = parts.abs().topk(min(top, len(parts))).indices
    return tuple(zip(order.tolist(), parts[order].tolist(), strict=True))

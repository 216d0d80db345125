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
from attribution.job import Checkpoint, carry_on
from attribution.lrp.objective import Objective
from attribution.lrp.relevance import backward, prepare
from attribution.lrp.rules.backward_trace import BackwardTrace, Method

TOP = 10

Ranked = tuple[tuple[int, float], ...]  # (index, relevance), strongest first


@frozen
class NodeParts:
    """One node; `neurons` is empty for a stage that no MLP ends, and for layers of experts."""

    dimensions: Ranked
    neurons: Ranked = ()
    mlp: float = 0.0  # Σ over all neurons


def refine(
    model: Any,
    input_ids: torch.Tensor,
    objective: Objective,
    nodes: Iterable[tuple[int, int]],
    *,
    method: Method = Method.ATTNLRP,
    top: int = TOP,
    checkpoint: Checkpoint = carry_on,
    recompute: bool = False,
) -> dict[tuple[int, int], NodeParts]:
    """The `top` dimensions and neurons of `nodes`, each (stage number, token).

    Arguments and errors as in `attribute`; for the methods that have a backward pass of their own.
    Raises InvalidRequest for a node that there is not.
    """
    model, rules = prepare(model, input_ids, objective)
    nodes, found = list(nodes), _Found(top)
    _check(nodes, 2 * model.config.num_hidden_layers, len(input_ids))
    for stage, token in nodes:
        found.tokens.setdefault(stage, []).append(token)
    trace = BackwardTrace(
        method,
        checkpoint,
        recompute=recompute,
        on_stage=found.on_stage,
        on_neurons=found.on_neurons,
        neuron_tokens={
            (stage - 1) // 2: tokens
            for stage, tokens in found.tokens.items()
            if stage and stage % 2 == 0
        },
    )
    backward(model, rules, input_ids, objective, trace)
    return {
        node: NodeParts(ranked, *found.neurons.get(node, ((), 0.0)))
        for node, ranked in found.dimensions.items()
    }


def _check(nodes: Iterable[tuple[int, int]], last: int, n: int) -> None:
    for stage, token in nodes:
        if not 0 <= stage <= last:
            raise InvalidRequest(f"There is no stage {stage}; the model has stages 0 to {last}.")
        if not 0 <= token < n:
            raise InvalidRequest(f"There is no token {token}; there are tokens 0 to {n - 1}.")


@define(eq=False)
class _Found:
    top: int
    tokens: dict[int, list[int]] = field(factory=dict)  # by stage
    dimensions: dict[tuple[int, int], Ranked] = field(factory=dict)
    neurons: dict[tuple[int, int], tuple[Ranked, float]] = field(factory=dict)

    def on_stage(self, stage: int, hidden: torch.Tensor, cotangent: torch.Tensor) -> None:
        tokens = self.tokens.get(stage, [])
        for token, parts in _parts(tokens, hidden[:, tokens], cotangent[:, tokens]):
            self.dimensions[stage, token] = _ranked(parts, self.top)

    def on_neurons(self, layer: int, neurons: torch.Tensor, cotangent: torch.Tensor) -> None:
        stage = 2 * layer + 2
        for token, parts in _parts(self.tokens[stage], neurons, cotangent):
            self.neurons[stage, token] = _ranked(parts, self.top), float(parts.sum())


def _parts(
    tokens: list[int], values: torch.Tensor, cotangent: torch.Tensor
) -> list[tuple[int, torch.Tensor]]:
    """(token, relevance of each dimension (d,) float64 on the CPU), of (1, tokens, d) each."""
    parts = values[0].cpu().double() * cotangent[0].cpu().double()
    return list(zip(tokens, parts, strict=True))


def _ranked(parts: torch.Tensor, top: int) -> Ranked:
    order = parts.abs().topk(min(top, len(parts))).indices
    return tuple(zip(order.tolist(), parts[order].tolist(), strict=True))

"""One contrast pair of one sample in a loaded model, and whether it can be explained."""

from typing import Any

import torch
from attrs import frozen

from attribution.engine.stages.explain import memory_plan
from attribution.errors import InvalidRequest
from attribution.lrp.families import rules_for
from attribution.lrp.graph import Wanted, select_stages
from attribution.lrp.integrated import rows_for
from attribution.lrp.objective import Objective, ObjectiveKind
from attribution.lrp.rules.backward_trace import Method
from attribution.models.loader import LoadedModel
from attribution.schema import (
    ContrastPair,
    Generation,
)


@frozen
class Case:
    """One pair of one sample, in the model that is asked about it."""

    loaded: LoadedModel
    generation: Generation
    pair: ContrastPair
    method: Method
    kind: ObjectiveKind

    @property
    def ids(self) -> torch.Tensor:
        """(n,) int64: what the model had read when it wrote the target."""
        before = self.generation.tokens[: self.pair.position]
        return torch.tensor([token.id for token in before], device=self.loaded.device)

    @property
    def objective(self) -> Objective:
        return Objective(self.pair.target.id, self.pair.contrast.id, self.kind)


def check_model(loaded: LoadedModel, layers: tuple[int, ...] | None) -> None:
    """Raise UnsupportedModel or InvalidRequest where the model has no rules or no such layers."""
    model: Any = loaded.model
    rules_for(model)
    select_stages(model.config.num_hidden_layers, Wanted(layers))


def check_pair(pair: ContrastPair, generation: Generation, vocabulary: int) -> None:
    """Raise InvalidRequest where the pair is about another text."""
    inside = generation.prompt_length <= pair.position < len(generation.tokens)
    if not inside or generation.tokens[pair.position].id != pair.target.id:
        raise InvalidRequest("The pair is about another text; explain this one first.")
    if not 0 <= pair.contrast.id < vocabulary:
        raise InvalidRequest(f"The model has no token {pair.contrast.id}.")


def must_recompute(case: Case, *, graph: bool, skipped: int = 0) -> bool:
    """Whether layers must be run anew on the way back, because not all of them can be kept.

    `skipped` is the longest stretch of layers between two stages of a graph. Raises
    ResourceExhausted where even that does not fit.
    """
    return memory_plan.must_recompute(
        case.loaded,
        case.pair.position,
        graph=graph,
        skipped=skipped,
        rows=rows_for(case.pair.position) if case.method is Method.INTEGRATED else 1,
    )

"""One contrast pair of one sample in a loaded model, and whether it can be explained."""

from typing import Any

import torch
from attrs import frozen

from attribution.engine.stages.explain import memory_plan
from attribution.errors import InvalidRequest
from attribution.job import Job
from attribution.lrp.families import rules_for
from attribution.lrp.integrated import points_at_once
from attribution.lrp.objective import Objective, ObjectiveKind
from attribution.lrp.settings import Method, PassSettings
from attribution.lrp.stages import select_stages
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
    select_stages(model.config.num_hidden_layers, layers)


def check_pair(pair: ContrastPair, generation: Generation, vocabulary: int) -> None:
    """Raise InvalidRequest where the pair is about another text."""
    inside = generation.prompt_length <= pair.position < len(generation.tokens)
    if not inside or generation.tokens[pair.position].id != pair.target.id:
        raise InvalidRequest("The pair is about another text; explain this one first.")
    if not 0 <= pair.contrast.id < vocabulary:
        raise InvalidRequest(f"The model has no token {pair.contrast.id}.")


def pass_settings(case: Case, job: Job, *, graph: bool, skipped_layers: int = 0) -> PassSettings:
    """Settings of a pass that explains the case; layers are run anew where memory is short.

    `skipped_layers` is the longest stretch of layers between two stages of a graph. Raises
    ResourceExhausted where even the least memory is too much.
    """
    n = case.pair.position
    recompute = memory_plan.must_recompute(
        case.loaded,
        n,
        graph=graph,
        skipped_layers=skipped_layers,
        sequences=points_at_once(n) if case.method is Method.INTEGRATED else 1,
    )
    return PassSettings(case.method, job.checkpoint, recompute)

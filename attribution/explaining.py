"""From a contrast pair to what is said about it: relevance, graph, trust.

Each function runs one stage and makes the value that travels; engine.py decides which and when.
"""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from attrs import evolve, frozen

from attribution import explaining_memory, segments
from attribution.errors import InvalidRequest
from attribution.explaining_details import check_named, chosen
from attribution.explaining_paths import ablate_paths
from attribution.faithfulness.measure import estimate as estimate_trust
from attribution.faithfulness.measure import full as measure_all
from attribution.faithfulness.probe import Probe
from attribution.graphs.build import assemble
from attribution.graphs.pruning import Policy
from attribution.job import Job
from attribution.lrp.graph import Wanted, build, longest_skip, select_stages, stage_name
from attribution.lrp.integrated import rows_for
from attribution.lrp.ledger import Method
from attribution.lrp.objective import Objective, ObjectiveKind
from attribution.lrp.refine import refine
from attribution.lrp.relevance import attribute
from attribution.models.families import rules_for
from attribution.models.loader import LoadedModel
from attribution.schema import (
    Attribution,
    AttributionGraph,
    ContrastPair,
    Faithfulness,
    Generation,
    GraphRequest,
    NodeDetail,
    Progress,
)

_ESTIMATE_SECONDS = {"cuda": 2.0}  # that a trust figure may take
_ESTIMATE_ELSEWHERE = 30.0


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


def relevance(case: Case, job: Job) -> Attribution:
    """The relevance of every token before the target."""
    found = attribute(
        case.loaded.model,
        case.ids,
        case.objective,
        method=case.method,
        checkpoint=job.checkpoint,
        recompute=must_recompute(case, graph=False),
    )
    return Attribution(
        pair=case.pair,
        method=case.method.value,
        objective=case.kind.value,
        logit_diff=found.logit_diff,
        relevance=tuple(found.relevance.tolist()),
        sum=found.sum,
        leak=found.leak,
        bias=found.bias,
        baseline=found.baseline,
        profile=tuple(map(tuple, found.nodes[::2].tolist())),
    )


def must_recompute(case: Case, *, graph: bool, skipped: int = 0) -> bool:
    """Whether layers must be run anew on the way back, because not all of them can be kept.

    `skipped` is the longest stretch of layers between two stages of a graph. Raises
    ResourceExhausted where even that does not fit.
    """
    return explaining_memory.must_recompute(
        case.loaded,
        case.pair.position,
        graph=graph,
        skipped=skipped,
        rows=rows_for(case.pair.position) if case.method is Method.INTEGRATED else 1,
    )


def check_graph(request: GraphRequest) -> None:
    """Raise InvalidRequest for what makes no sense in any model: known before anything is run."""
    method = Method.named(request.explain.method)
    if not method.ruled:
        raise InvalidRequest(f"A graph needs attnlrp or cplrp; {method} has no edges.")
    _policy(request)
    if request.refine < 0:
        raise InvalidRequest(f"{request.refine} nodes cannot be refined.")


def graph(case: Case, request: GraphRequest, job: Job) -> AttributionGraph:
    """The pruned graph, with details of its strongest nodes where they are wanted."""
    wanted = wanted_of(request)
    stages = select_stages(case.loaded.model.config.num_hidden_layers, wanted)
    check_named(request.refine_at, [*map(stage_name, stages)], case.pair.position)
    recompute = must_recompute(case, graph=True, skipped=longest_skip(stages))
    raw = build(
        case.loaded.model,
        case.ids,
        case.objective,
        wanted,
        method=case.method,
        checkpoint=job.checkpoint,
        recompute=recompute,
    )
    found = assemble(raw, _policy(request), case.pair, case.method.value, case.kind.value)
    places = chosen(found, request.refine, request.refine_at)
    if places:
        found = evolve(found, details=_details(case, places, job, recompute))
    return found


def wanted_of(request: GraphRequest) -> Wanted:
    """What is computed before anything is pruned."""
    return Wanted(request.layers, request.midpoints, request.node_threshold, request.relative)


def _policy(request: GraphRequest) -> Policy:
    return Policy(
        node_threshold=request.node_threshold,
        relative=request.relative,
        mass=None if request.edge_threshold is not None else request.mass,
        edge_threshold=request.edge_threshold,
        influence=request.influence,
        reach=request.reach,
    )


def _details(
    case: Case, places: Mapping[tuple[int, int], int], job: Job, recompute: bool
) -> tuple[NodeDetail, ...]:
    """Dimensions and neurons at `places`: (stage, token) → node."""
    parts = refine(
        case.loaded.model,
        case.ids,
        case.objective,
        places,
        method=case.method,
        checkpoint=job.checkpoint,
        recompute=recompute,
    )
    return tuple(
        NodeDetail(places[place], part.dimensions, part.neurons, part.mlp)
        for place, part in parts.items()
    )


def check_seconds(seconds: float | None) -> None:
    """Raise InvalidRequest for a budget that is none."""
    if seconds is not None and not 0 < seconds < math.inf:  # NaN fails, too
        raise InvalidRequest(f"The budget is {seconds} seconds; it must be above 0.")


def budget(device: torch.device) -> float:
    """Seconds that an estimate may take where nobody says how many."""
    return _ESTIMATE_SECONDS.get(device.type, _ESTIMATE_ELSEWHERE)


def trust(
    case: Case, found: Attribution, *, full: bool, seconds: float | None, job: Job
) -> Faithfulness:
    """Does the relevance that was found predict what interventions do?"""
    started = time.perf_counter()  # reading the text is a part of what the estimate may take
    known = torch.tensor(found.relevance, dtype=torch.float64)
    probe = Probe(
        case.loaded.model, case.ids, score(case), neutral_token(case.loaded), job.checkpoint
    )
    tokens = segments.eligible(case.generation, case.pair.position)

    def report(message: str, fraction: float) -> None:
        job.emit(Progress(message, fraction))

    if full:
        paths = None
        if case.method.ruled:  # first: it takes the most memory, and the rest takes minutes
            job.emit(Progress("Cutting paths of the graph"))
            paths = ablate_paths(
                case.loaded.model,
                case.ids,
                case.objective,
                score(case),
                method=case.method,
                checkpoint=job.checkpoint,
                recompute=must_recompute(case, graph=True),
            )
        whole = measure_all(probe, known, tokens, case.method.value, report=report)
        return evolve(whole, paths=paths)
    return estimate_trust(
        probe,
        known,
        tokens,
        segments.lines(case.generation, tokens),
        case.method.value,
        seconds=budget(case.loaded.device) if seconds is None else seconds,
        report=report,
        started=started,
    )


def score(case: Case) -> Callable[[torch.Tensor], torch.Tensor]:
    """The objective as a function of logits (batch, vocabulary) → (batch,)."""
    none = torch.empty(0, device=case.loaded.device, dtype=case.loaded.dtype)
    logits = _last_logits(case) if case.objective.needs_logits else none
    return case.objective.resolve(logits).score


def _last_logits(case: Case) -> torch.Tensor:
    """(vocabulary,): what the model says of the target's place."""
    with torch.inference_mode():
        logits: torch.Tensor = case.loaded.model(case.ids[None], logits_to_keep=1).logits[0, -1]
    return logits


def neutral_token(loaded: LoadedModel) -> int:
    """A single space: it says nothing, and breaks no syntax where a word stood."""
    ids = loaded.tokenizer(" ", add_special_tokens=False).input_ids
    return int(ids[-1])

"""The pruned attribution graph of a pair, with details of its strongest nodes."""

from collections.abc import Mapping

from attrs import evolve

from attribution.engine.stages.explain.case import Case, must_recompute
from attribution.engine.stages.explain.graph_details import check_named, chosen
from attribution.errors import InvalidRequest
from attribution.graphs.build import assemble
from attribution.graphs.pruning import Policy
from attribution.job import Job
from attribution.lrp.graph import Wanted, build, longest_skip, select_stages, stage_name
from attribution.lrp.refine import refine
from attribution.lrp.rules.backward_trace import Method
from attribution.schema import (
    AttributionGraph,
    GraphRequest,
    NodeDetail,
)


def check_request(request: GraphRequest) -> None:
    """Raise InvalidRequest for what makes no sense in any model: known before anything is run."""
    method = Method.named(request.explain.method)
    if not method.ruled:
        raise InvalidRequest(f"A graph needs attnlrp or cplrp; {method} has no edges.")
    _policy(request)
    if request.refine < 0:
        raise InvalidRequest(f"{request.refine} nodes cannot be refined.")


def build_graph(case: Case, request: GraphRequest, job: Job) -> AttributionGraph:
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

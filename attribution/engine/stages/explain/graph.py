"""The pruned attribution graph of a pair, with details of its strongest nodes."""

from collections.abc import Mapping

from attrs import evolve

from attribution.engine.stages.explain.case import Case, pass_settings
from attribution.engine.stages.explain.graph_details import check_named, chosen
from attribution.errors import InvalidRequest
from attribution.graphs.build import assemble
from attribution.graphs.pruning import PruningPolicy
from attribution.job import Job
from attribution.lrp.graph import GraphSettings, build_raw_graph
from attribution.lrp.refine import refine
from attribution.lrp.settings import Method, PassSettings
from attribution.lrp.stages import longest_skip, select_stages, stage_name
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
    graph_settings = graph_settings_of(request)
    stages = select_stages(
        case.loaded.model.config.num_hidden_layers, request.layers, request.midpoints
    )
    check_named(request.refine_at, [*map(stage_name, stages)], case.pair.position)
    settings = pass_settings(case, job, graph=True, skipped_layers=longest_skip(stages))
    raw = build_raw_graph(case.loaded.model, case.ids, case.objective, graph_settings, settings)
    graph = assemble(raw, _policy(request), case.pair, case.method.value, case.kind.value)
    nodes = chosen(graph, request.refine, request.refine_at)
    return evolve(graph, details=_details(case, nodes, settings)) if nodes else graph


def graph_settings_of(request: GraphRequest) -> GraphSettings:
    """What is computed before anything is pruned."""
    return GraphSettings(
        request.layers, request.midpoints, request.node_threshold, request.relative
    )


def _policy(request: GraphRequest) -> PruningPolicy:
    return PruningPolicy(
        node_threshold=request.node_threshold,
        relative=request.relative,
        mass=None if request.edge_threshold is not None else request.mass,
        edge_threshold=request.edge_threshold,
        influence=request.influence,
        reach=request.reach,
    )


def _details(
    case: Case, nodes: Mapping[tuple[int, int], int], settings: PassSettings
) -> tuple[NodeDetail, ...]:
    """Dimensions and neurons of `nodes`: (stage, token) → index of the node in the graph."""
    parts = refine(case.loaded.model, case.ids, case.objective, nodes, settings)
    return tuple(
        NodeDetail(nodes[place], part.dimensions, part.neurons, part.mlp)
        for place, part in parts.items()
    )

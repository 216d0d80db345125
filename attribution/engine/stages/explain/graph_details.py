"""Which nodes of a graph are to be taken apart: the strongest, and those that are named."""

from collections.abc import Iterable, Sequence

from attribution.errors import InvalidRequest
from attribution.lrp.stages import stage_number
from attribution.schema import AttributionGraph, NodeKind

Named = tuple[str, int]  # name of a stage, index of a token


def check_named(named: Iterable[Named], stages: Sequence[str], n: int) -> None:
    """Raise InvalidRequest for what is no node over n tokens, before the graph is computed."""
    for stage, token in named:
        if stage not in stages:
            known = ", ".join(stages)
            raise InvalidRequest(f"This graph has no stage {stage!r}; it has {known}.")
        if not 0 <= token < n:
            raise InvalidRequest(
                f"There is no token {token} before the target; there are 0 to {n - 1}."
            )


def chosen(
    graph: AttributionGraph, strongest: int, named: Iterable[Named]
) -> dict[tuple[int, int], int]:
    """(stage number, token) → node: so many of the strongest, and the `named`.

    Raises InvalidRequest for a named node that the pruning did not leave.
    """
    nodes = {
        (graph.stages[node.stage], node.token): k
        for k, node in enumerate(graph.nodes)
        if node.kind is NodeKind.TOKEN
    }
    falling = sorted(nodes, key=lambda name: -abs(graph.nodes[nodes[name]].relevance))
    names = [*falling[:strongest], *named]
    if pruned := [name for name in names if name not in nodes]:
        stage, token = pruned[0]
        raise InvalidRequest(
            f"Token {token} at {stage} was pruned ({graph.pruning.policy}): keep more nodes."
        )
    return {(stage_number(stage), token): nodes[stage, token] for stage, token in names}

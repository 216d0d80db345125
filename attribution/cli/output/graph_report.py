"""What the command line prints of graphs and of trust figures."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from attribution.cli.output.terminal import say, visible
from attribution.schema import (
    AttributionGraph,
    Document,
    Estimate,
    Faithfulness,
    Generation,
    NodeKind,
)

_ROWS = 10  # of the strongest edges and segments
_EXCERPT = 70  # characters of a segment


def print_graph(graph: AttributionGraph, generation: Generation, console: Console) -> None:
    """The shape of a graph: what was kept, figures per transition, the strongest edges."""
    kept = graph.pruning
    console.print()
    say(
        console,
        f"Attribution graph: {kept.nodes} of {kept.all_nodes} nodes, {kept.edges} of "
        f"{kept.all_edges} edges into strong nodes, {kept.kept_mass:.0%} of their mass "
        f"({kept.policy}).",
    )
    absorbed = {
        kind: sum(node.relevance for node in graph.nodes if node.kind is kind)
        for kind in (NodeKind.LEAK, NodeKind.BIAS)
    }
    say(
        console,
        f"On the way to these nodes the softmaxes absorb {absorbed[NodeKind.LEAK]:+.2f}, biases "
        f"{absorbed[NodeKind.BIAS]:+.2f}.",
    )
    shape = Table("from", "to", "connected", "Gini", "vertical", "look-back", "hubs", box=None)
    for row in graph.measures:
        hubs = ", ".join(repr(generation.tokens[token].text) for token in row.hubs)
        shape.add_row(
            graph.stages[row.source],
            graph.stages[row.target],
            f"{row.connectivity:.2f}",
            f"{row.gini:.2f}",
            f"{row.verticality:.2f}",
            f"{row.look_back:.1f}",
            Text(visible(hubs)),
        )
    console.print(shape)
    console.print(_strongest_edges(graph, generation))
    if graph.details:
        console.print(_details(graph, generation))


def _details(graph: AttributionGraph, generation: Generation) -> Table:
    """What the strongest nodes consist of."""
    table = Table("node", "stage", "dimensions", "neurons", title="Inside the nodes", box=None)
    for detail in graph.details:
        node = graph.nodes[detail.node]
        table.add_row(
            Text(visible(repr(generation.tokens[node.token].text))),
            graph.stages[node.stage],
            _listed(detail.dimensions),
            _listed(detail.neurons),
        )
    return table


def _listed(parts: tuple[tuple[int, float], ...]) -> str:
    return ", ".join(f"{index} ({relevance:+.2f})" for index, relevance in parts[:3])


def _strongest_edges(graph: AttributionGraph, generation: Generation) -> Table:
    """Edges between different tokens; those from a token to itself say little."""
    table = Table("from", "to", "at", "weight", "heads", title="Strongest edges", box=None)
    named = [
        (edge, graph.nodes[edge.source], graph.nodes[edge.target])
        for edge in graph.edges
        if graph.nodes[edge.source].kind is NodeKind.TOKEN
        and graph.nodes[edge.source].token != graph.nodes[edge.target].token
    ]
    for edge, source, target in sorted(named, key=lambda row: -abs(row[0].weight))[:_ROWS]:
        heads = ", ".join(f"{h.head} ({h.value + h.key:+.2f})" for h in edge.heads[:3])
        table.add_row(
            Text(visible(repr(generation.tokens[source.token].text))),
            Text(visible(repr(generation.tokens[target.token].text))),
            graph.stages[target.stage],
            Text(f"{edge.weight:+.3f}", "red" if edge.weight > 0 else "blue"),
            heads,
        )
    return table


def print_faithfulness(found: Faithfulness, generation: Generation, console: Console) -> None:
    """What interventions say about the explanation."""
    console.print()
    say(console, f"Is the map faithful? {found.message}", "bold")
    table = Table(
        "tokens taken away by", "rank correlation", "top five shared", "measured", box=None
    )
    for row in found.agreements:
        table.add_row(
            row.perturbation.value,
            _interval(row.spearman),
            _interval(row.top_overlap),
            f"{row.measured} of {row.of}",
        )
    console.print(table)
    if found.curves is not None:
        curves = found.curves
        say(
            console,
            "Δℓ while the most relevant tokens go first "
            f"({', '.join(f'{value:.2f}' for value in curves.morf)}), least relevant first "
            f"({', '.join(f'{value:.2f}' for value in curves.lerf)}): mean gap {curves.gap:.2f}, "
            f"p = {curves.p_value:.2f} against {len(curves.random)} random orders.",
        )
    if found.paths is not None:
        cut = ", ".join(
            f"{step}: {value:.2f}"
            for step, value in zip(found.paths.steps, found.paths.strongest, strict=True)
        )
        say(
            console,
            f"Δℓ {found.paths.base:.2f} with the strongest attention edges cut: {cut}; p = "
            f"{found.paths.p_value:.2f} against {len(found.paths.random)} random choices.",
        )
    strongest = sorted(found.segments, key=lambda segment: -abs(segment.effect))[:_ROWS]
    for segment in strongest:
        text = _excerpt(generation, segment.start, segment.end)
        say(
            console,
            f"  {segment.effect:+.2f} (relevance {segment.relevance:+.2f})  {text}",
            "dim",
        )
    console.print(f"{found.forwards} rows computed in {found.seconds:.1f} s.", style="dim")


def _excerpt(generation: Generation, start: int, end: int) -> str:
    """What tokens of one document say, on one row; several of them may share a character."""
    first, last = generation.tokens[start], generation.tokens[end - 1]
    text = generation.code if first.document is Document.CODE else generation.prompt
    return " ".join(text[first.start : last.end].split())[:_EXCERPT]


def _interval(figure: Estimate) -> str:
    if figure.low == figure.high:
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"

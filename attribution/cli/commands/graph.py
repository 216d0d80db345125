"""`tokenblame graph PATH`."""

import argparse
import json
import re
from pathlib import Path

from rich.console import Console

from attribution.cli.commands.common import Commands, at_least_one, part, share
from attribution.cli.commands.sample import add_sample_options, answer
from attribution.cli.output.explanation_report import print_explanation
from attribution.cli.output.graph_report import print_graph
from attribution.cli.output.terminal import say
from attribution.errors import InvalidRequest, ResourceExhausted
from attribution.graphs.export import to_json
from attribution.graphs.graphml import to_graphml
from attribution.graphs.page import to_html
from attribution.ipc.explanation import Explanation
from attribution.schema import AttributionGraph, ExplainRequest, Generation, GraphRequest

_PAGE = Path("graph.html")  # where --html goes without --out
_RANGE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?", re.ASCII)  # one part of --layers


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "graph",
        help="how the wrong preference came about, layer by layer",
        description="Explain a sample as `tokenblame explain` does, and follow the logit "
        "difference down through the layers: which token handed what to which, and by which heads.",
    )
    add_sample_options(parser)
    _add_graph_options(parser)
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help="the graph as JSON")
    formats.add_argument("--html", action="store_true", help="a page that draws it (graph.html)")
    formats.add_argument("--graphml", action="store_true", help="for networkx, Gephi, yEd")
    parser.add_argument("--out", type=Path, help="file to write; standard output where not given")
    parser.set_defaults(run=_run)


def _add_graph_options(parser: argparse.ArgumentParser) -> None:
    default = GraphRequest(ExplainRequest(""))
    parser.add_argument(
        "--layers",
        type=_layers,
        metavar="N,N,…",
        help="only the ends of these decoder layers (from 0; ranges as 4-8); all where not given",
    )
    parser.add_argument(
        "--midpoints", action="store_true", help="also the states between attention and MLP"
    )
    parser.add_argument(
        "--nodes",
        type=share,
        default=default.node_threshold,
        help="smallest |relevance| of a node, as a share of |Δℓ| (%(default)s)",
    )
    parser.add_argument(
        "--absolute", action="store_true", help="--nodes is in logit units, not a share"
    )
    parser.add_argument(
        "--mass",
        type=part,
        default=default.mass,
        help="share of the absolute mass between kept nodes that is kept, per transition "
        "(%(default)s)",
    )
    parser.add_argument(
        "--edges", type=share, help="smallest |weight| as a share of |Δℓ|, instead of --mass"
    )
    parser.add_argument("--influence", type=part, help="keep the nodes that carry this share of it")
    parser.add_argument(
        "--unreached", action="store_true", help="keep also what does not reach the last token"
    )
    parser.add_argument(
        "--refine",
        type=at_least_one,
        default=0,
        metavar="N",
        help="hidden dimensions and MLP neurons of the N strongest nodes",
    )
    parser.add_argument(
        "--refine-at",
        type=_node,
        action="append",
        default=[],
        metavar="STAGE:TOKEN",
        help="and of this node, e.g. 12.mlp:40 (as --json names and counts them); repeatable",
    )


def _layers(text: str) -> tuple[int, ...]:
    """Type of --layers."""
    found: set[int] = set()
    for piece in text.split(","):
        match = _RANGE.fullmatch(piece)
        layers = range(int(match[1]), int(match[2] or match[1]) + 1) if match else ()
        if not layers:
            raise argparse.ArgumentTypeError(f"{text!r} is no list of layers, e.g. 0,4-8,23")
        found.update(layers)
    return tuple(sorted(found))


def _node(text: str) -> tuple[str, int]:
    """Type of --refine-at."""
    stage, _, token = text.rpartition(":")
    if not stage or not (token.isascii() and token.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no STAGE:TOKEN, e.g. 12.mlp:40")
    return stage, int(token)


def _request(options: argparse.Namespace, explain: ExplainRequest) -> GraphRequest:
    return GraphRequest(
        explain,
        layers=options.layers,
        midpoints=options.midpoints,
        node_threshold=options.nodes,
        relative=not options.absolute,
        mass=options.mass,
        edge_threshold=options.edges,
        influence=options.influence,
        reach=not options.unreached,
        refine=options.refine,
        refine_at=tuple(options.refine_at),
    )


def _run(options: argparse.Namespace) -> int:
    _check_out(options)
    explanation = answer(options, lambda explain: _request(options, explain))
    graph, generation = explanation.graph, explanation.generation
    if graph is None or generation is None:  # the tests pass, or no pair was proved
        print_explanation(explanation, Console(stderr=True, highlight=False))
        return 1
    if options.json or options.html or options.graphml:
        _write(options, _document(options, graph, generation))
    else:
        _print(explanation, graph, generation)
    return 0


def _check_out(options: argparse.Namespace) -> None:
    """Raise before minutes are spent on what could not be written then."""
    path: Path | None = options.out
    if path is None:
        if options.html and _PAGE.exists():
            raise InvalidRequest(f"{_PAGE} exists here; name another file with --out.")
        return
    if not (options.json or options.html or options.graphml):
        raise InvalidRequest("Which format? --out needs --json, --html or --graphml.")
    if path.is_dir() or not path.parent.is_dir():
        reason = "it is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise ResourceExhausted(f"{path} cannot be written: {reason}.")


def _document(options: argparse.Namespace, graph: AttributionGraph, generation: Generation) -> str:
    if options.html:
        return to_html(graph, generation)
    if options.graphml:
        return to_graphml(graph, generation)
    return json.dumps(to_json(graph, generation), indent=1)


def _write(options: argparse.Namespace, text: str) -> None:
    path: Path | None = options.out or (_PAGE if options.html else None)
    if path is None:
        print(text)
        return
    try:
        with path.open("w" if options.out else "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ResourceExhausted(f"{path} cannot be written: {error.strerror}.") from error
    say(Console(highlight=False), f"Wrote {path}.")


def _print(explanation: Explanation, graph: AttributionGraph, generation: Generation) -> None:
    console = Console(highlight=False)
    print_explanation(explanation, console)
    print_graph(graph, generation, console)

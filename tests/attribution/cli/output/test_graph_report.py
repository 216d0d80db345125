"""What the command line prints of a graph and of trust figures, from values made by hand."""

import io
import re
from typing import Any

import pytest
from attrs import evolve
from rich.console import Console

from attribution.cli.output.graph_report import print_faithfulness, print_graph
from attribution.schema import (
    Agreement,
    AttributionGraph,
    Curves,
    Document,
    Effects,
    Estimate,
    Faithfulness,
    Form,
    Generation,
    GraphEdge,
    GraphNode,
    HeadShare,
    NodeKind,
    PathAblation,
    Perturbation,
    Pruning,
    Role,
    SegmentEffect,
    Token,
    TransitionMeasures,
)
from tests.attribution.graphs.random_graphs import generation_of, pair_at
from tests.conftest import Golden

HOSTILE = "\x1b[31m\r\x08[bold]:smile:\x9b"
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
PLAIN = ["<s>", "def", " f", "(x):"]


def printed(show, value, generation: Generation, width: int = 120) -> str:  # type: ignore[no-untyped-def]
    console = Console(file=io.StringIO(), width=width, highlight=False, force_terminal=False)
    show(value, generation, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def graph_of(weights: dict[tuple[int, int], float]) -> AttributionGraph:
    """Two stages of four tokens; edges from and to tokens, and one from a leak."""
    nodes = [GraphNode(NodeKind.TOKEN, k // 4, k % 4, 0.5) for k in range(8)]
    nodes.append(GraphNode(NodeKind.LEAK, 0, -1, 99.0))
    heads = (HeadShare(0, 3, 0.2, 0.05, 0.0), HeadShare(0, 1, -0.1, 0.0, 0.0))
    edges = [GraphEdge(s, 4 + t, weight, 0.0, heads) for (s, t), weight in weights.items()]
    edges.append(GraphEdge(8, 7, 99.0))
    return AttributionGraph(
        pair=pair_at(4),
        method="attnlrp",
        objective="contrast",
        logit_diff=2.5,
        stages=("embedding", "0.mlp"),
        relevance=((0.5,) * 4, (0.5,) * 4),
        nodes=tuple(nodes),
        edges=tuple(edges),
        pruning=Pruning("nodes above 1 % of |Δℓ|", 8, 12, len(weights), 40, 0.875, (0.875,)),
        measures=(TransitionMeasures(0, 1, 0.5, 0.25, 0.75, 1.5, (1,)),),
    )


def faithfulness_of(**more: Any) -> Faithfulness:
    agreement = Agreement(
        Perturbation.MASK, Estimate(0.5, 0.25, 0.75), Estimate(0.6, 0.6, 0.6), 13, 40
    )
    found = Faithfulness(
        method="attnlrp",
        complete=False,
        agreements=(agreement,),
        effects=(Effects(Perturbation.MASK, (1,), (0.5,)),),
        segments=(SegmentEffect(1, 4, -0.75, 0.5),),
        curves=None,
        forwards=77,
        seconds=1.25,
        message="Relevance ranks tokens much as interventions do.",
    )
    return evolve(found, **more)


def test_a_graph_tells_what_was_kept_and_its_shape(golden: Golden) -> None:
    shown = printed(print_graph, graph_of({(1, 3): 0.4}), generation_of(PLAIN))
    golden("graph.txt", shown)


def test_the_strongest_edges_come_first_with_their_heads(golden: Golden) -> None:
    graph = graph_of({(1, 3): 0.2, (2, 3): -0.4, (0, 2): 0.3})
    shown = printed(print_graph, graph, generation_of(PLAIN))
    golden("strongest_edges.txt", shown[shown.index("Strongest edges") :])


def test_edges_of_a_token_to_itself_and_from_leaks_are_left_out() -> None:
    shown = printed(print_graph, graph_of({(1, 3): 0.2, (3, 3): 7.0}), generation_of(PLAIN))
    assert "+0.200" in shown
    assert "+7.000" not in shown
    assert "+99.000" not in shown


def test_ten_edges_are_enough() -> None:
    pairs = [(s, t) for t in range(4) for s in range(4) if s != t]
    graph = graph_of({pair: 0.1 + k / 100 for k, pair in enumerate(pairs)})
    shown = printed(print_graph, graph, generation_of(PLAIN))
    assert len(re.findall(r"\+0\.\d{3}", shown)) == 10
    assert "+0.110" not in shown  # one of the two weakest


def test_a_graph_without_edges_is_printed() -> None:
    empty = evolve(graph_of({}), edges=())
    assert "0 of 40 edges" in printed(print_graph, empty, generation_of(PLAIN))


def test_faithfulness_is_told_with_its_uncertainty(golden: Golden) -> None:
    shown = printed(print_faithfulness, faithfulness_of(), generation_of(PLAIN))
    golden("faithfulness.txt", shown)


def test_curves_and_paths_are_told_where_they_are(golden: Golden) -> None:
    bare = printed(print_faithfulness, faithfulness_of(), generation_of(PLAIN))
    assert "random" not in bare
    curves = Curves((0.5, 1.0), (1.0, 0.0), (2.0, 0.5), ((1.5, 0.2),) * 20, 0.75, 0.048)
    paths = PathAblation((1, 2), 2.5, (2.0, 1.0), ((2.4, 2.3),) * 20, 0.048)
    whole = faithfulness_of(curves=curves, paths=paths)
    shown = printed(print_faithfulness, whole, generation_of(PLAIN))
    golden("faithfulness_with_curves.txt", shown)


def test_the_strongest_segments_come_first() -> None:
    segments = tuple(SegmentEffect(k % 3 + 1, k % 3 + 2, k / 10, 0.0) for k in range(12))
    shown = printed(print_faithfulness, faithfulness_of(segments=segments), generation_of(PLAIN))
    told = re.findall(r"^  ([+-]\d\.\d\d) \(", shown, re.MULTILINE)
    assert told == [f"+{k / 10:.2f}" for k in range(11, 1, -1)]


@pytest.mark.parametrize("width", [40, 200])
def test_control_characters_do_nothing(width: int) -> None:
    generation = generation_of(["<s>", HOSTILE, "\ud83d", "\x00\x7f"])
    graph = graph_of({(1, 3): 0.4, (2, 3): 0.3, (3, 1): 0.2})
    graph = evolve(graph, pruning=evolve(graph.pruning, policy=HOSTILE))
    for show, value in (
        (print_graph, graph),
        (print_faithfulness, faithfulness_of(message=HOSTILE)),
    ):
        shown = printed(show, value, generation, width)
        assert not STEERING.search(shown)


def test_text_is_taken_literally() -> None:
    generation = generation_of(["<s>", "[bold]", ":smile:", "[/x]"])
    shown = printed(print_graph, graph_of({(1, 3): 0.4, (2, 1): 0.3}), generation)
    assert "'[bold]'" in shown
    assert "':smile:'" in shown
    assert "'[/x]'" in shown
    shown = printed(print_faithfulness, faithfulness_of(), generation)
    assert "[bold]:smile:[/x]" in shown


def segment_of(code: str, *tokens: Token) -> str:
    """The row of a segment that holds all tokens."""
    generation = Generation("HumanEval/0", Form.DIRECT, "m", "f", "", code, tokens, 0, (), True)
    found = faithfulness_of(segments=(SegmentEffect(0, len(tokens), 1.0, 1.0),))
    shown = printed(print_faithfulness, found, generation)
    (row,) = re.findall(r"^  \+1\.00 \(relevance \+1\.00\)  (.*)$", shown, re.MULTILINE)
    return str(row)


def output(text: str, start: int, end: int) -> Token:
    return Token(1, text, Document.CODE, start, end, Role.OUTPUT)


def test_a_character_of_several_tokens_is_shown_once() -> None:
    assert segment_of("x😀y", output("x", 0, 1), *[output("😀", 1, 2)] * 3, output("y", 2, 3)) == (
        "x😀y"
    )


def test_a_segment_takes_one_row() -> None:
    code = "  if x:\n\n\t# next"
    assert segment_of(code, output("  if x", 0, 6), output(":\n\n\t#", 6, 11)) == "if x: #"
    assert len(segment_of("x" * 500, output("x" * 500, 0, 500))) == 70

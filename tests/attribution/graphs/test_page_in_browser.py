"""The page in a real Chromium. `TOKENBLAME_SCREENSHOTS=FOLDER` keeps the screenshots."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from attribution.graphs.build import assemble
from attribution.graphs.page import to_html
from attribution.graphs.pruning import PruningPolicy
from attribution.graphs.raw import RawGraph
from attribution.schema import AttributionGraph, NodeDetail
from tests.attribution.graphs.random_graphs import (
    generation_of,
    large_raw,
    pair_at,
    random_raw,
)

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
PLAYWRIGHT = Path(__file__).parents[3] / "editor-client" / "node_modules" / "playwright-core"
TEXTS = ["<s>", "def", "</script><script>injected=1</script>", "\u2028é😀", "\n    ", "<!--", " x"]
SMALL = random_raw(1, 6, 7), PruningPolicy(0.0, mass=1.0)
EVERYTHING = PruningPolicy(node_threshold=0.0, mass=None, reach=False)


def _program(*names: str) -> str:
    """The first of these programs in PATH; skips the test where there is none."""
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(f"needs {names[0]} (apt-get install nodejs npm chromium)")


def _graph(raw: RawGraph, policy: PruningPolicy, texts: list[str]) -> AttributionGraph:
    return assemble(raw, policy, pair_at(len(texts), raw.logit_diff), "attnlrp", "contrast")


def _write(path: Path, raw: RawGraph, policy: PruningPolicy, texts: list[str]) -> str:
    graph = _graph(raw, policy, texts)
    explained = graph.pruning.nodes - 1  # token nodes come first, the last token of the top last
    detail = NodeDetail(explained, dimensions=((5, 1.5), (3, -0.5)), neurons=((9, 0.1),), mlp=0.3)
    graph = evolve(graph, details=(detail,))
    path.write_text(to_html(graph, generation_of(texts)), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a visit to a small page and to the largest one saw."""
    browser, node = _program("chromium", "chromium-browser", "google-chrome"), _program("node")
    if not PLAYWRIGHT.is_dir():
        pytest.skip("needs playwright-core (make editor-client)")
    folder = tmp_path_factory.mktemp("pages")
    shots = Path(os.environ.get("TOKENBLAME_SCREENSHOTS", folder)).absolute()
    shots.mkdir(parents=True, exist_ok=True)
    words = ["def", " x", " =", "\n    ", "(", "numbers", ")", " return"]
    options = {
        "browser": browser,
        "file": _write(folder / "small.html", *SMALL, TEXTS),
        "large": _write(
            folder / "large.html", large_raw(), EVERYTHING, [words[k % 8] for k in range(500)]
        ),
        "shots": str(shots),
    }
    command = [node, str(HERE / "page.mjs"), json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr}\nscreenshots: {shots}"
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_it_runs_without_complaint_and_network(seen: dict[str, Any]) -> None:
    assert seen["complaints"] == []  # a violated policy would be among them
    assert set(seen["requests"]) == {"file"}
    assert seen["injected"] is None


def test_sliders_act_at_once(seen: dict[str, Any]) -> None:
    everything = seen["all"]
    assert 0 < seen["fewerEdges"]["edges"] < everything["edges"]
    assert seen["fewerEdges"]["nodes"] == everything["nodes"]
    assert 0 < seen["fewerNodes"]["nodes"] < everything["nodes"]
    assert seen["fewerNodes"]["edges"] < everything["edges"]
    assert seen["again"] == everything
    assert seen["withoutTemplate"]["nodes"] < everything["nodes"]


def test_keys_move_open_and_close(seen: dict[str, Any]) -> None:
    keys = seen["keys"]
    assert keys["start"].startswith("·x, token 6, layer 4, after the MLP: ")
    assert keys["down"].startswith("·x, token 6, layer 3")
    assert "token 5, layer 3" in keys["left"]
    assert keys["home"].startswith("<s>, token 0, layer 3")
    assert keys["end"].startswith("biases above layer 3")
    assert keys["up"].startswith("·x, token 6, layer 4")  # all there is at the top
    assert (seen["opened"]["focus"], seen["opened"]["title"]) == ("panel", "·x")
    assert seen["opened"]["heads"] > 0
    assert seen["opened"]["parts"] == [
        "Draws on (one stage below)",
        "Hidden dimensions",
        "MLP neurons (+0.300 in all)",
    ]
    assert seen["closed"] == {"focus": "overlay", "title": "The whole graph"}


def test_the_strongest_path_ends_at_the_embedding(seen: dict[str, Any]) -> None:
    assert seen["path"].startswith("Strongest path: ·x, ")
    assert seen["path"].endswith(", to the embedding")
    assert len(seen["path"].split(", ")) == 6 + 1  # every stage, and where it ends


def test_the_pointer_points_selects_and_zooms(seen: dict[str, Any]) -> None:
    assert seen["tip"].startswith("·x, token 6")
    assert seen["clicked"] == "·x"
    assert seen["zoomed"]
    assert seen["fitted"]
    assert seen["zoomedByKey"] == [True, False]  # "+" zooms in, "-" takes it back


def test_search_finds_text_that_looks_like_markup(seen: dict[str, Any]) -> None:
    assert seen["matchCount"] == "1"
    assert seen["searched"] == "</script><script>injected=1</script>"
    assert seen["selected"][-1] == 2  # the event for other views
    assert seen["highlighted"]


def test_dark_and_light(seen: dict[str, Any]) -> None:
    light, dark = seen["grounds"]
    assert light != dark
    assert seen["recoloured"]


def test_the_largest_graph_is_drawn(seen: dict[str, Any]) -> None:
    assert seen["large"]["nodes"] == 31 * 500 + 30  # with the leaks
    assert seen["large"]["edges"] >= 20_000 - 20
    assert (
        seen["painted"] == seen["large"]["edges"] - 30 * 500
    )  # those of the leaks wait for a click
    print(f"500 tokens, 30 layers, 20 000 edges: {seen['milliseconds']} ms")


def test_a_slow_machine_draws_fewer_edges_while_something_moves(seen: dict[str, Any]) -> None:
    slowly = seen["slowly"]
    print(f"ten times slower: {slowly} ms")
    assert slowly["drawn"][-1] < 4000
    assert all(250 <= drawn <= 4000 for drawn in slowly["drawn"])
    assert seen["painted"] > 4000  # all of them at rest


def test_the_page_says_why_it_has_more_than_was_kept(seen: dict[str, Any]) -> None:
    graph = _graph(*SMALL, TEXTS)
    kept, edges = graph.pruning, len(graph.edges)
    assert seen["all"] == {"nodes": len(graph.nodes), "edges": edges}
    assert f"{kept.nodes} of {kept.all_nodes} token nodes have 100.0 % of" in seen["overview"]
    assert f"{kept.edges} of {kept.all_edges} edges into strong ones have" in seen["overview"]
    more = len(graph.nodes) - kept.nodes
    assert more == 2 * 5  # a leak and a bias below each of five transitions
    assert (
        f"With {more} nodes for softmax leaks and biases and their {edges - kept.edges} edges the "
        f"file has {len(graph.nodes)} nodes and {edges} edges."
    ) in seen["overview"]


def test_a_token_is_listed_once_with_its_strongest_stage(seen: dict[str, Any]) -> None:
    rows = [" ".join(row.split()) for row in seen["strongest"]]
    graph = _graph(*SMALL, TEXTS)
    assert len(rows) == len({(node.kind, node.token) for node in graph.nodes})
    several = [
        row for row in rows if re.search(r"(embedding|layer \d, after the MLP), and at", row)
    ]
    assert len(several) >= 7  # all but tokens that the graph has at one stage only

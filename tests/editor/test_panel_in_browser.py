"""The panel's page in a real Chromium, with what the server really answers.

`TOKENBLAME_SCREENSHOTS=FOLDER` keeps the screenshots.
"""

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
from attribution.graphs.export import to_json
from attribution.graphs.pruning import PruningPolicy
from attribution.schema import Alternative, AttributionGraph, Comparison, Role
from lsp_server.documents.snapshot import Snapshot
from lsp_server.features.panel.comparison import to_comparison
from lsp_server.features.panel.details import Explained, to_details
from lsp_server.protocol.converter import to_wire
from lsp_server.state.editor_view import view_of
from lsp_server.state.explanation import Explanation
from lsp_server.state.session import Session, SessionState
from lsp_server.state.settings import Settings
from tests.attribution.graphs.random_graphs import random_raw
from tests.lsp_server.samples import FAILING, attribution, generation, pair, tokens

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
MODULES = HERE.parents[1] / "editor-client" / "node_modules"
EVIL = "</script><script>injected=1</script>"
PIECES = [
    ("def", Role.TEMPLATE),
    (f" f{EVIL}", Role.PROMPT),
    ("(x):\n", Role.PROMPT),
    ("    return", Role.OUTPUT),
    (" x", Role.OUTPUT),
    (" <=", Role.OUTPUT),
    (" 0\n", Role.OUTPUT),
]
TARGET = 5
CODE = "".join(text for text, _ in PIECES)
PAIR = evolve(pair(), repaired_program=CODE.replace("<=", "<"))
PROFILE = ((3.0, 0.5, -0.25, 1.0, 0.05), (1.0, 0.0, 0.0, 2.0, 1.0), (0.0, 0.0, 0.0, 0.0, 1.32))


def _program(*names: str) -> str:
    for name in names:
        if found := shutil.which(name):
            return found
    pytest.skip(f"needs {names[0]} (apt-get install nodejs npm chromium)")


def _answers() -> dict[str, Any]:
    """What the server answers about a sample whose token looks like markup."""
    made = generation(tokens(PIECES), code=CODE)
    found = evolve(attribution(chosen=PAIR), profile=PROFILE)
    known = Explanation(FAILING, made, (PAIR,), None, found)
    snapshot = Snapshot("file:///w/HumanEval_0/0.py", 1, CODE)
    session = Session(
        snapshot,
        "HumanEval/0",
        state=SessionState.DONE,
        explanation=known,
        view=view_of(snapshot, known),
    )
    raw = random_raw(1, stages=4, n=TARGET)
    graph = assemble(raw, PruningPolicy(0.0, mass=1.0), PAIR, "attnlrp", "contrast")
    sibling = Comparison(
        evolve(made, model="larger", tokens=made.tokens[:TARGET]),
        evolve(found, relevance=(1.0, 0.5, 0.5, -2.0, 0.5), logit_diff=-0.5),
        (Alternative(90, " <", 2.0, 0.75),),
        same_tokens=True,
    )
    return {
        "details": to_wire(to_details(session, Settings(sibling="larger"))),
        "graph": {"version": 1, "graph": to_json(graph, made)},
        "detailed": {"version": 1, "graph": to_json(_detailed(graph), made)},
        "comparison": to_wire(to_comparison(Explained.of(session), sibling)),
    }


def _detailed(graph: AttributionGraph) -> AttributionGraph:
    """The same, were its stages those within two layers."""
    stages = ("embedding", "0.attention", "0.mlp", "1.attention", "1.mlp")
    return evolve(graph, stages=stages[: len(graph.stages)])


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    browser, node = _program("chromium", "chromium-browser", "google-chrome"), _program("node")
    if not MODULES.is_dir():
        pytest.skip("needs the extension's modules (make editor-client)")
    folder = tmp_path_factory.mktemp("panel")
    shots = Path(os.environ.get("TOKENBLAME_SCREENSHOTS", folder)).absolute()
    shots.mkdir(parents=True, exist_ok=True)
    messages = folder / "messages.json"
    messages.write_text(json.dumps(_answers(), allow_nan=False))
    options = {"browser": browser, "messages": str(messages), "folder": str(folder)}
    command = [node, str(HERE / "panel.mjs"), json.dumps({**options, "shots": str(shots)})]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr}\nscreenshots: {shots}"
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_it_runs_without_complaint_and_network(seen: dict[str, Any]) -> None:
    assert seen["complaints"] == []  # a violated policy would be among them
    assert set(seen["requests"]) == {"file"}
    assert seen["injected"] is None


def test_states_say_what_helps(seen: dict[str, Any]) -> None:
    assert seen["first"] == [{"type": "ready"}]
    assert seen["explain"] == [{"type": "run", "action": "explain"}]
    assert "Searching" in seen["computing"]
    assert seen["cancelSample"] == [{"type": "cancel", "computation": "sample"}]
    assert "No model." in seen["error"]  # a code span, without its backticks
    assert "Try again" in seen["error"]
    assert seen["cancelGraph"] == [{"type": "cancel", "computation": "graph"}]
    assert seen["retry"] == [{"type": "compute", "computation": "graph"}]


def test_the_graph_and_the_text_point_at_each_other(seen: dict[str, Any]) -> None:
    assert re.fullmatch(r"(\d+) of \1 nodes, (\d+) of \2 edges", seen["drawn"])
    place = {"start": {"line": 1, "character": 10}, "end": {"line": 1, "character": 12}}
    assert (seen["pointed"]["type"], seen["pointed"]["place"]["place"]) == ("point", place)
    assert seen["revealed"]["place"]["place"] == place
    assert seen["column"]
    assert seen["mouse"] == {"there": True, "back": True}


def test_the_depth_of_the_graph_is_chosen(seen: dict[str, Any]) -> None:
    assert seen["detail"] == {
        "asked": [
            {"type": "compute", "computation": "graph", "midpoints": True},
            {"type": "compute", "computation": "graph", "midpoints": False},
        ],
        "states": [False, True, False],  # what is shown, and not what is on its way
    }


def test_tabs_follow_the_keyboard(seen: dict[str, Any]) -> None:
    tabs = seen["tabs"]
    assert tabs["shown"] == ["section-layers"]
    assert tabs["said"] == [{"type": "section", "section": "layers"}]
    assert tabs["focus"] == "tab-layers"
    assert (tabs["last"], tabs["around"]) == (["section-faithfulness"], ["section-graph"])
    assert seen["saved"] == {"uri": "file:///w/HumanEval_0/0.py", "section": "graph"}


def test_sections_say_what_is_known(seen: dict[str, Any]) -> None:
    assert "embedding" in seen["layers"]  # of the token at the cursor
    assert "what the model wrote before" in seen["allLayers"]
    assert "+1.32" in seen["allLayers"]
    assert "The likeliest tokens at token 5" in seen["choices"]
    assert "explained against" in seen["choices"]
    assert seen["attribute"] == [{"type": "attribute", "position": 3, "contrast": 90}]
    assert "return x < 0" in seen["repair"]
    assert seen["diff"] == [{"type": "run", "action": "diff"}]
    assert "a faithful map predicts" in seen["faithfulness"]
    assert seen["check"] == [{"type": "run", "action": "check"}]


def test_two_models_stand_side_by_side(seen: dict[str, Any]) -> None:
    assert seen["ask"] == [{"type": "compute", "computation": "compare", "model": "larger"}]
    assert seen["askOther"][0]["model"] == "smollm2-135m"
    assert "they prefer different tokens" in seen["compare"]
    assert "larger" in seen["compare"]
    before = CODE[: CODE.index(" <=")]
    assert seen["maps"] == [before + " <="] * 2
    assert seen["painted"] > 4
    assert len(seen["linked"]) == 2  # the same place in both maps
    assert seen["linked"][0] == seen["linked"][1]
    assert seen["hovered"]["type"] == "point"
    assert seen["left"] == {"type": "point", "place": None}


def test_themes_are_followed(seen: dict[str, Any]) -> None:
    assert seen["grounds"] == ["rgb(31, 31, 31)", "rgb(0, 0, 0)"]
    assert seen["recolored"]


def test_stale_results_vanish_and_come_back(seen: dict[str, Any]) -> None:
    assert not seen["stale"]["drawing"]
    assert "Once the sample is explained" in seen["stale"]["text"]
    assert seen["again"] == seen["drawn"]

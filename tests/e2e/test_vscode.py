"""The extension in a real VS Code, driven in Chromium, with the real server, engine and model."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Visit, put_sample

pytestmark = pytest.mark.slow

PATIENCE = 600  # seconds that one explanation may take on a busy machine without a GPU

TASK_FOLDER = "HumanEval_65"
PASSING = "def add(x: int, y: int):\n    return x + y\n"
ANSWER = PASSING.replace("+", "-")  # without the task's docstring: an answer in a chat
FAILS = "HumanEval/65 (0): the model wrote"
COUNTERFACTUAL = re.compile(r"Δℓ (−?[\d.]+) → (−?[\d.]+): the model (still|now|would) .+")


def _more_samples(folder: Path) -> Path:
    """Puts a failing and a passing sample into `folder`, and a file with two more."""
    put_sample(folder)
    (folder / "HumanEval_53").mkdir()
    (folder / "HumanEval_53" / "0.py").write_text(PASSING)
    rows = [
        {"task_id": "HumanEval/53", "solution": PASSING},
        {"task_id": "HumanEval/45", "completion": "    return a * h / 2\n"},
    ]
    (folder / "samples.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def engine() -> Iterator[dict[str, str]]:
    """The environment of an engine of our own, which is ended afterwards.

    The user's own may be of another version, or at work.
    """
    with tempfile.TemporaryDirectory() as runtime:
        environment = {**os.environ, "TOKENBLAME_RUNTIME_DIR": runtime}
        yield environment
        stop = [sys.executable, "-m", "attribution.cli.main", "engine", "stop"]
        subprocess.run(stop, env=environment, check=True, capture_output=True)


@pytest.fixture(scope="module")
def seen(
    visit: Visit, engine: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What a visit to the failing sample saw."""
    folder = put_sample(tmp_path_factory.mktemp("samples"))
    (folder / "HumanEval_53").mkdir()
    (folder / "HumanEval_53" / "1.py").write_text(ANSWER)
    return visit("scenario.mjs", folder, engine, patience=PATIENCE)


@pytest.fixture(scope="module")
def listed(
    visit: Visit, engine: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What a visit to a folder of samples saw."""
    folder = _more_samples(tmp_path_factory.mktemp("listed"))
    return visit("list.mjs", folder, engine, patience=PATIENCE)


def test_a_failing_sample_shows_diagnostic_and_heat(seen: dict[str, Any]) -> None:
    assert seen["opened"]["squiggles"] >= 1
    assert seen["opened"]["prompt"] >= 5
    assert seen["opened"]["code"] >= 5


def test_hover_tells_relevance(seen: dict[str, Any]) -> None:
    assert "relevance" in seen["hoverCode"].lower()
    assert "relevance" in seen["hoverPrompt"].lower()
    assert seen["hoverCode"] != seen["hoverPrompt"]


def test_hover_on_the_diagnostic_names_the_failing_call(seen: dict[str, Any]) -> None:
    assert "circular_shift(" in seen["hoverSquiggle"]


def test_the_heat_map_is_switched_off_in_part_and_made_stronger(seen: dict[str, Any]) -> None:
    assert (seen["off"]["heat"], seen["off"]["squiggles"]) == (0, seen["opened"]["squiggles"])
    left = seen["withoutRed"]["colors"]
    assert any("33, 102, 172" in color for color in left)
    assert not any("178, 24, 43" in color for color in left)
    assert seen["stronger"]["heat"] > seen["opened"]["heat"]


def test_the_panel_draws_the_graph_and_points_into_the_text(seen: dict[str, Any]) -> None:
    panel = seen["panel"]
    assert panel["heading"] == f"{TASK_FOLDER}/0.py"
    drawn = [
        re.fullmatch(r"[1-9]\d* of (\d+) nodes, [1-9]\d* of \d+ edges", panel[how])
        for how in ("drawn", "detailed")
    ]
    plain, detailed = (int(found[1]) for found in drawn if found)
    assert detailed > plain  # the states between attention and MLP are among them


def test_every_theme_has_its_own_colors(seen: dict[str, Any]) -> None:
    themes = seen["themes"]
    assert set(themes) == {"dark", "light", "high-contrast", "high-contrast-light"}
    for theme in themes.values():
        assert any("178, 24, 43" in color for color in theme["heat"])
        assert any("33, 102, 172" in color for color in theme["heat"])
    assert len({tuple(theme["heat"]) for theme in themes.values()}) >= 3
    assert len({theme["panel"] for theme in themes.values()}) >= 3


def test_the_panel_tells_more_about_the_choice(seen: dict[str, Any]) -> None:
    sections = seen["sections"]
    assert "embedding" in sections["layers"]
    assert "explained against" in sections["choices"]
    assert "+        return str(x)[" in sections["repair"]
    assert "Check this map" in sections["faithfulness"]


def test_two_models_are_compared(seen: dict[str, Any]) -> None:
    comparison = seen["comparison"]
    names = [caption.split()[0] for caption in comparison["captions"]]
    assert names == ["qwen2.5-coder-0.5b", "smollm2-135m"], comparison["words"]
    assert "Their tokens differ" in comparison["words"]
    assert comparison["painted"] >= 10


def test_the_light_bulb_repairs_and_the_tests_turn_green(seen: dict[str, Any]) -> None:
    assert any("the tests pass" in action for action in seen["actions"])
    assert any("Passes its tests" in lens for lens in seen["repaired"]["lenses"])
    assert seen["repaired"]["squiggles"] == 0
    assert seen["repaired"]["heat"] == 0


def test_an_edit_clears_everything_at_once(seen: dict[str, Any]) -> None:
    assert seen["edited"]["heat"] == 0
    assert seen["edited"]["squiggles"] == 0


def test_what_an_edit_did_comes_before_its_explanation(seen: dict[str, Any]) -> None:
    told = seen["counterfactual"]
    change = COUNTERFACTUAL.fullmatch(told["line"])
    assert change is not None, told["line"]
    assert change[1] != change[2]
    assert told["heat"] == 0  # the explanation of the new text is still to come


def test_what_a_server_had_found_outlives_it(seen: dict[str, Any]) -> None:
    before, server = seen["opened"], seen["server"]
    for count in ("heat", "squiggles"):
        assert server["kept"][count] == before[count]  # while no server runs
        assert server[count] == before[count]  # and once another one knows as much
    assert server["another"]
    assert "relevance" in server["hover"].lower()


def test_a_new_engine_takes_the_place_of_one_that_dies(seen: dict[str, Any]) -> None:
    killed = seen["killed"]
    assert "The engine died" in killed["words"]
    assert killed["anotherEngine"]
    assert killed["heat"] >= 5
    assert killed["squiggles"] >= 1


def test_the_prompt_of_a_chat_is_edited_in_a_document_of_its_own(seen: dict[str, Any]) -> None:
    assert seen["chat"]["beside"] >= 5
    assert seen["chat"]["squiggles"] >= 1
    told = seen["promptEdited"]
    change = COUNTERFACTUAL.fullmatch(told["line"])
    assert change is not None, told["line"]
    assert change[1] != change[2]
    assert told["heat"] == 0  # the explanation for the new prompt is still to come


def test_commands_lead_back_from_a_prompt(seen: dict[str, Any]) -> None:
    assert seen["promptLeft"]["added"] == 1  # and none in the end, which the step waits for


def test_the_view_lists_the_samples(listed: dict[str, Any]) -> None:
    assert "HumanEval/65 (0): not explained." in listed["listed"]
    assert "HumanEval/53 (line 1): not explained." in listed["listed"]
    assert any("completion without its prompt" in label for label in listed["listed"])


def test_the_view_explains_a_sample_and_a_folder(listed: dict[str, Any]) -> None:
    assert "HumanEval/53 (0): passes." in listed["explainedOne"]
    assert "HumanEval/65 (0): not explained." in listed["explainedOne"]
    assert any(label.startswith(FAILS) for label in listed["explainedFolder"])
    assert "HumanEval/53 (line 1): not explained." in listed["explainedFolder"]  # another folder


def test_a_completion_opens_with_the_prompt_of_its_task(listed: dict[str, Any]) -> None:
    assert "triangle_area" in listed["completion"]


def test_outcomes_outlive_the_window(listed: dict[str, Any]) -> None:
    assert listed["reloaded"] == listed["explainedFolder"]


def test_the_view_shows_what_is_looked_for(listed: dict[str, Any]) -> None:
    samples = [label for label in listed["filtered"] if "HumanEval/" in label]
    assert [label[: len(FAILS)] for label in samples] == [FAILS]


def test_menu_and_walkthrough_help(listed: dict[str, Any]) -> None:
    menu = " ".join(listed["menu"])
    for entry in ("Explain this sample", "Choose model", "Show log", "Restart server"):
        assert entry in menu
    assert listed["walkthrough"][0] == "Give it a Python"
    assert len(listed["walkthrough"]) == 5

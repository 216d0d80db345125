"""The extension in a real VS Code, driven in Chromium, with the real server, engine and model.

`TOKENBLAME_SCREENSHOTS=FOLDER` keeps the screenshots.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "editor-client"
HERE = Path(__file__).parent / "vscode"
PATIENCE = 600  # seconds that one explanation may take on a busy machine without a GPU

# What the default model writes for this task, greedily, in direct form.
SAMPLE = HERE / "sample.py.txt"
TASK_FOLDER = "HumanEval_65"

Visit = Callable[..., dict[str, Any]]


def _program(*names: str) -> str:
    """The first of these programs in PATH; skips the test where there is none."""
    for name in names:
        if found := shutil.which(name):
            return found
    pytest.skip(f"needs {names[0]} (apt-get install nodejs npm chromium)")


@pytest.fixture(scope="module")
def vsix() -> Path:
    """The extension, packaged from the sources as they are."""
    _program("npm")
    command = [_program("node"), str(CLIENT / "scripts" / "package.mjs")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the screenshots go."""
    wanted = os.environ.get("TOKENBLAME_SCREENSHOTS")
    folder = Path(wanted).absolute() if wanted else tmp_path_factory.mktemp("shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def visit(vsix: Path, shots: Path, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    """Runs one of the scripts in `vscode/` on a folder and returns what it saw."""
    browser = _program("chromium", "chromium-browser", "google-chrome")
    node = _program("node")

    def run(
        script: str, folder: Path, environment: dict[str, str] | None = None, **more: object
    ) -> dict[str, Any]:
        options = {
            "vsix": str(vsix),
            "home": str(tmp_path_factory.mktemp("vscode")),
            "folder": str(folder),
            "file": str(folder / TASK_FOLDER / "0.py"),
            "python": sys.executable,
            "browser": browser,
            "shots": str(shots),
            **more,
        }
        command = [node, str(HERE / script), json.dumps(options)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{done.stderr}\nscreenshots: {shots}"
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    return run


def _samples(folder: Path) -> Path:
    """Puts one failing sample into `folder`."""
    (folder / TASK_FOLDER).mkdir()
    shutil.copy(SAMPLE, folder / TASK_FOLDER / "0.py")
    return folder


@pytest.fixture(scope="module")
def engine() -> Iterator[dict[str, str]]:
    """The environment of an engine of our own, which is ended afterwards.

    The user's own may be of another version, or at work.
    """
    with tempfile.TemporaryDirectory() as runtime:
        environment = {**os.environ, "TOKENBLAME_RUNTIME_DIR": runtime}
        yield environment
        stop = [sys.executable, "-m", "attribution.cli", "engine", "stop"]
        subprocess.run(stop, env=environment, check=True, capture_output=True)


@pytest.fixture(scope="module")
def seen(
    visit: Visit, engine: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What a visit to the failing sample saw."""
    folder = _samples(tmp_path_factory.mktemp("samples"))
    return visit("scenario.mjs", folder, engine, patience=PATIENCE)


def test_a_failing_sample_shows_diagnostic_and_heat(seen: dict[str, Any]) -> None:
    assert seen["opened"]["squiggles"] >= 1
    assert seen["opened"]["heat"] >= 5


def test_hover_tells_relevance(seen: dict[str, Any]) -> None:
    assert "relevance" in seen["hoverHeat"].lower()


def test_hover_on_the_diagnostic_names_the_failing_call(seen: dict[str, Any]) -> None:
    assert "circular_shift(" in seen["hoverSquiggle"]


def test_every_theme_has_its_own_colors(seen: dict[str, Any]) -> None:
    themes = seen["themes"]
    assert set(themes) == {"dark", "light", "high-contrast", "high-contrast-light"}
    for colors in themes.values():
        assert any("178, 24, 43" in color for color in colors)
        assert any("33, 102, 172" in color for color in colors)
    assert len({tuple(colors) for colors in themes.values()}) >= 3


def test_an_edit_clears_everything_at_once(seen: dict[str, Any]) -> None:
    assert seen["edited"]["heat"] == 0
    assert seen["edited"]["squiggles"] == 0
    assert seen["edited"]["milliseconds"] < 1000


def test_the_heat_comes_back_for_the_new_text(seen: dict[str, Any]) -> None:
    assert seen["recomputed"]["heat"] >= 5
    assert seen["recomputed"]["squiggles"] >= 1


def test_the_panel_draws_the_graph_and_points_into_the_text(seen: dict[str, Any]) -> None:
    panel = seen["panel"]
    assert panel["heading"] == f"{TASK_FOLDER}/0.py"
    assert re.fullmatch(r"[1-9]\d* of \d+ nodes, [1-9]\d* of \d+ edges", panel["drawn"])
    assert "vscode-" in panel["themed"]


def test_two_models_are_compared(seen: dict[str, Any]) -> None:
    names = [caption.split()[0] for caption in seen["compared"]]
    assert names == ["qwen2.5-coder-0.5b", "smollm2-135m"], seen["comparison"]
    assert "Their tokens differ" in seen["comparison"]


def test_an_untrusted_folder_chooses_no_interpreter(visit: Visit, tmp_path: Path) -> None:
    samples = _samples(tmp_path)
    marker = samples / "was-run"
    python = samples / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\ntouch '{marker}'\nexit 9\n")
    python.chmod(0o755)
    (samples / ".vscode").mkdir()
    settings = {"tokenblame.python": str(python), "tokenblame.trusted": True}
    (samples / ".vscode" / "settings.json").write_text(json.dumps(settings))

    assert visit("restricted.mjs", samples, marker=str(marker)) == {
        "untrusted": False,
        "trusted": True,  # it would have been run: the check above can fail
    }

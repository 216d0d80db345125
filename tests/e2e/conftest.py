"""A real VS Code, driven in Chromium, for the tests of the extension.

`TOKENBLAME_SCREENSHOTS=FOLDER` keeps the screenshots.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CLIENT = Path(__file__).parents[2] / "editor-client"
HERE = Path(__file__).parent / "vscode"

# What the default model writes for this task, greedily, in direct form.
SAMPLE = HERE / "sample.py.txt"
SAMPLE_PLACE = Path("HumanEval_65", "0.py")

Visit = Callable[..., dict[str, Any]]


def put_sample(folder: Path) -> Path:
    """Puts one failing sample into `folder`."""
    (folder / SAMPLE_PLACE).parent.mkdir()
    shutil.copy(SAMPLE, folder / SAMPLE_PLACE)
    return folder


def _program(*names: str) -> str:
    """The first of these programs in PATH; skips the test where there is none."""
    for name in names:
        if found := shutil.which(name):
            return found
    pytest.skip(f"needs {names[0]} (apt-get install nodejs npm chromium)")


@pytest.fixture(scope="session")
def vsix() -> Path:
    """The extension, packaged from the sources as they are."""
    _program("npm")
    command = [_program("node"), str(CLIENT / "scripts" / "package.mjs")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the screenshots go."""
    wanted = os.environ.get("TOKENBLAME_SCREENSHOTS")
    folder = Path(wanted).absolute() if wanted else tmp_path_factory.mktemp("shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
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
            "file": str(folder / SAMPLE_PLACE),
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

"""The walls between the rooms, as `pyproject.toml` states them: they hold, and breaks are found."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """What the import linter says of the packages in `folder`."""
    return subprocess.run(
        [LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the packages with their contracts."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in ("attribution", "lsp_server"):
        for file in (ROOT / package).rglob("*.py"):
            target = tmp_path / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    return tmp_path


def test_the_walls_hold(house: Path) -> None:
    done = lint(house)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("lsp_server/state/session.py", "import torch", "the server knows of attribution"),
        (
            "lsp_server/documents/store.py",
            "from lsp_server.engine import jobs",
            "lsp_server: the layers",
        ),
        (
            "attribution/lrp/rules/norms.py",
            "import attribution.faults",
            "attribution: the layers",
        ),
        (
            "attribution/graphs/export.py",
            "import attribution.models.loader",
            "what both sides of a process border share is light",
        ),
        (
            "attribution/faults/search.py",
            "import attribution.grading.runner.judge",
            "nobody imports the sandboxed runner",
        ),
        ("attribution/errors.py", "import pygls", "attribution knows no editor"),
        (
            "attribution/lrp/families/llama.py",
            "from attribution.lrp import relevance",
            "attribution.lrp: passes, families, rules",
        ),
        (
            "attribution/faults/syntax.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
            "    from attribution.faults import search",
            "no circles at any depth",
        ),
        ("attribution/new_room.py", "", "attribution: the layers"),
    ],
)
def test_a_broken_import_is_found(house: Path, file: str, line: str, contract: str) -> None:
    path = house / file
    path.write_text((path.read_text() if path.exists() else "") + f"\n{line}\n")
    done = lint(house)
    assert done.returncode == 1, done.stdout
    broken = [row for row in done.stdout.splitlines() if row.endswith("BROKEN")]
    assert any(row.startswith(contract) for row in broken)

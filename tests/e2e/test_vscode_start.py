"""How the extension starts its server, or does without, in a real VS Code."""

import json
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Visit, put_sample

pytestmark = pytest.mark.slow

# The real one, but for a server that hangs while a file is there, or ends at once while another
# is, and that leaves a line each time.
HANGS = """#!/bin/sh
case "$*" in
  *"-m lsp_server"*)
    if [ -e '{broken}' ]; then echo $$ >> '{broken}'; exit 1; fi
    if [ -e '{marker}' ]; then echo $$ >> '{marker}'; exec sleep 1000; fi ;;
esac
exec '{python}' "$@"
"""


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_server_that_hangs_or_cannot_start_again_is_replaced(
    visit: Visit, tmp_path: Path
) -> None:
    folder, marker = tmp_path / "samples", tmp_path / "hangs"
    folder.mkdir()
    marker.touch()
    files = {"marker": str(marker), "broken": str(tmp_path / "broken")}
    python = program(tmp_path / "python", HANGS.format(python=sys.executable, **files))

    seen = visit("hanging.mjs", put_sample(folder), python=str(python), **files)

    assert "did not answer within 30 seconds" in seen["words"]
    assert seen["offered"] == ["Set up Python…", "Try again", "Show log"]
    assert seen["hung"] == 2  # the restart did not wait for the first
    assert seen["left"] == 0
    assert seen["helped"]
    assert seen["recovered"]  # after a crash, though the first that took its place ended at once


def test_an_untrusted_folder_chooses_no_interpreter(visit: Visit, tmp_path: Path) -> None:
    samples = put_sample(tmp_path)
    marker = samples / "was-run"
    python = program(samples / ".venv" / "bin" / "python", f"#!/bin/sh\ntouch '{marker}'\nexit 9\n")
    (samples / ".vscode").mkdir()
    settings = {"tokenblame.python": str(python), "tokenblame.trusted": True}
    (samples / ".vscode" / "settings.json").write_text(json.dumps(settings))

    assert visit("restricted.mjs", samples, marker=str(marker)) == {
        "untrusted": False,
        "trusted": True,  # it would have been run: the check above can fail
    }

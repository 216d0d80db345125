"""Files in the user's cache: whatever they are about, they can be written or it is said why not."""

from pathlib import Path

import pytest

from attribution.errors import ResourceExhausted
from lsp_server.files import graph_file, prompt_file, prompt_link, report_file, sample_file


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENBLAME_CACHE_DIR", str(tmp_path))


@pytest.mark.parametrize("letter", ["x", "é", "漢", "𝒳"])
def test_names_are_cut(letter: str) -> None:
    long = letter * 250
    for write in (report_file, graph_file):
        one, other = write(long, "1"), write(long, "2")
        assert (one.read_text(), other.read_text()) == ("1", "2")
    uri = f"file:///{long}/{long}.py"
    made = prompt_file(uri, "Write f.")
    assert made.name.startswith(letter * 45)
    assert len(made.name.encode()) < 200
    assert prompt_file(uri, "Write f.") == made
    assert prompt_file(uri, "Write g.") != made
    assert prompt_link(made.as_uri()) == (uri, "Write f.")


def test_a_name_that_cannot_be_cut_is_refused() -> None:
    sample_file("HumanEval/1", 0, "pass\n")  # beside it
    with pytest.raises(ResourceExhausted, match="cannot be written: File name too long"):
        sample_file(f"HumanEval/{'1' * 300}", 0, "pass\n")

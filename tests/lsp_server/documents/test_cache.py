"""Files in the user's cache: whatever they are about, they can be written or it is said why not."""

import os
from pathlib import Path

import pytest

from attribution.errors import ResourceExhausted
from lsp_server.documents.cache import (
    graph_file,
    prompt_file,
    prompt_link,
    report_file,
    sample_file,
)
from lsp_server.documents.cache_cleanup import remove_old_files


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENBLAME_CACHE_DIR", str(tmp_path))


@pytest.mark.parametrize("letter", ["x", "é", "漢", "𝒳"])
def test_names_are_cut(letter: str) -> None:
    long = letter * 250
    for write in (report_file, graph_file):
        first, second = write(long, "1"), write(long, "2")
        assert (first.read_text(), second.read_text()) == ("1", "2")
    uri = f"file:///{long}/{long}.py"
    path = prompt_file(uri, "Write f.")
    assert path.name.startswith(letter * 45)
    assert len(path.name.encode()) < 200
    assert prompt_file(uri, "Write f.") == path
    assert prompt_file(uri, "Write g.") != path
    assert prompt_link(path.as_uri()) == (uri, "Write f.")


def test_a_name_that_cannot_be_cut_is_refused() -> None:
    sample_file("HumanEval/1", 0, "pass\n")  # beside it
    with pytest.raises(ResourceExhausted, match="cannot be written: File name too long"):
        sample_file(f"HumanEval/{'1' * 300}", 0, "pass\n")


def test_what_nobody_asked_for_in_a_month_goes_unless_a_user_wrote_in_it() -> None:
    def make(text: str) -> list[Path]:
        uri = f"file:///{text}.py"
        return [report_file("r", text), graph_file("g", text), prompt_file(uri, text)]

    old, written, requested = make("old"), make("written"), make("requested")
    opened = sample_file("HumanEval/1", 0, "pass\n")
    for path in written:
        path.write_text("changed")
    for path in (*old, *written, *requested, opened):
        os.utime(path, (0, 0))
    make("requested")

    remove_old_files()

    assert not any(path.exists() for path in old)
    assert not old[2].parent.exists()
    assert all(path.exists() for path in (*written, *requested, opened))

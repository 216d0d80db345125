"""Incremental edits against a reference editor that keeps its text as one string."""

import time
from collections.abc import Callable
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import (
    Position,
    Range,
    TextDocumentContentChangePartial,
    TextDocumentContentChangeWholeDocument,
)

from lsp_server.documents.differences import common_prefix
from lsp_server.documents.outline import last_definition_of
from lsp_server.documents.store import Documents
from lsp_server.protocol.positions import Encoding
from tests.lsp_server.protocol.test_positions import encodings, reference_position, texts

URI = "file:///w/HumanEval_7/0.py"


def change(
    text: str, start: int, end: int, new: str, encoding: Encoding
) -> TextDocumentContentChangePartial:
    """What an editor sends for `text[start:end] = new`."""
    first = Position(*reference_position(text, start, encoding))
    last = Position(*reference_position(text, end, encoding))
    return TextDocumentContentChangePartial(Range(first, last), new)


def splits_crlf(text: str, offset: int) -> bool:
    return 0 < offset < len(text) and text[offset - 1 : offset + 1] == "\r\n"


def shared_slowly(left: str, right: str) -> int:
    """Looks at every character."""
    pairs = zip(left, right, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@given(texts, texts, texts)
def test_what_two_texts_share_is_what_a_look_at_every_character_finds(
    head: str, left: str, right: str
) -> None:
    left, right = head + left, head + right
    assert common_prefix(left, right) == shared_slowly(left, right)


def test_long_texts_are_not_looked_at_character_by_character() -> None:
    def fastest(work: Callable[[], object]) -> float:
        times = []
        for _ in range(5):
            start = time.process_time()
            work()
            times.append(time.process_time() - start)
        return min(times)

    text = "    x = f(1)  # of two thousand lines\n" * 2000
    left, right = text, f"{text[:-9]}é{text[-9:]}"
    slowly = fastest(lambda: shared_slowly(left, right))
    assert fastest(lambda: common_prefix(left, right)) < slowly / 4


@given(texts, encodings, st.lists(st.tuples(st.data(), texts), max_size=5))
def test_edits_are_those_of_the_reference(
    text: str, encoding: Encoding, edits: list[tuple[st.DataObject, str]]
) -> None:
    documents = Documents()
    documents.encoding = encoding
    documents.open(URI, 1, text)
    changes = []
    for data, new in edits:
        places = [k for k in range(len(text) + 1) if not splits_crlf(text, k)]
        start, end = sorted(data.draw(st.tuples(st.sampled_from(places), st.sampled_from(places))))
        changes.append(change(text, start, end, new, encoding))
        text = text[:start] + new + text[end:]
    snapshot = documents.change(URI, 2, changes)
    assert snapshot is not None
    assert (snapshot.text, snapshot.version) == (text, 2)


def test_a_snapshot_never_changes() -> None:
    documents = Documents()
    before = documents.open(URI, 1, "x = 1\n")
    after = documents.change(URI, 2, [TextDocumentContentChangeWholeDocument("y = 2\n")])
    assert after is not None
    assert (before.text, after.text) == ("x = 1\n", "y = 2\n")
    assert documents.get(URI) is after


def test_the_same_document_escaped_differently() -> None:
    documents = Documents()
    snapshot = documents.open("file:///a%20b.py", 1, "")
    assert documents.get("file:///a b.py") is snapshot


def test_unknown_documents_are_left_alone() -> None:
    documents = Documents()
    assert documents.change(URI, 2, []) is None
    assert documents.close(URI) is None


@pytest.mark.parametrize(
    ("uri", "task_id"),
    [
        ("file:///w/HumanEval_7/0.py", "HumanEval/7"),
        ("file:///w%20x/Mbpp_12/0.py", "Mbpp/12"),
        ("file:///w/HumanEval_7.py", None),
        ("untitled:Untitled-1", None),
    ],
)
def test_the_path_names_the_task(uri: str, task_id: str | None) -> None:
    assert Documents().open(uri, 1, "").task_id == task_id


def test_a_snapshot_knows_its_file() -> None:
    assert Documents().open("file:///w%20x/a.py", 1, "").path == "/w x/a.py"
    assert Documents().open("untitled:Untitled-1", 1, "").path is None


def test_half_a_character_is_found() -> None:
    assert Documents().open(URI, 1, "ab\ud83d").lone_surrogate == 2
    assert Documents().open(URI, 1, "ab😀").lone_surrogate is None


def test_the_definition_that_python_keeps() -> None:
    text = "def f():\n    def f(): ...\n\nasync def f(): ...\ndef ff(): ...\n"
    assert last_definition_of(text, "f") == text.index("f(", text.index("async"))
    assert last_definition_of(text, "g") is None

"""Offsets and positions against a reference that spells out what LSP says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.protocol.positions import Encoding, LineIndex

# What is known to go wrong: form feeds and other separators of str.splitlines, surrogate pairs,
# combining marks, joined emoji, tabs, and every kind of line end.
PIECES = ["a", "é", "e\u0301", "€", "😀", "👩‍🔬", "\t", " ", "\x0c", "\x0b", "\x85", "\u2028"]
ENDS = ["\n", "\r\n", "\r"]
texts = st.lists(st.sampled_from(PIECES + ENDS), max_size=30).map("".join)
encodings = st.sampled_from(Encoding)

CODEC = {
    Encoding.UTF8: ("utf-8", 1),
    Encoding.UTF16: ("utf-16-le", 2),
    Encoding.UTF32: ("utf-32-le", 4),
}


def units(text: str, encoding: Encoding) -> int:
    codec, size = CODEC[encoding]
    return len(text.encode(codec)) // size


def reference_lines(text: str) -> list[tuple[int, str]]:
    """Offset and content of every line, read character by character."""
    lines, start, at = [], 0, 0
    while at < len(text):
        if text[at] in "\r\n":
            lines.append((start, text[start:at]))
            at += 2 if text.startswith("\r\n", at) else 1
            start = at
        else:
            at += 1
    return [*lines, (start, text[start:])]


def reference_position(text: str, offset: int, encoding: Encoding) -> tuple[int, int]:
    lines = reference_lines(text)
    number = max(n for n, (start, _) in enumerate(lines) if start <= offset)
    start, content = lines[number]
    return number, units(content[: offset - start], encoding)


@given(texts, encodings, st.data())
def test_position_is_the_reference(text: str, encoding: Encoding, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    expected = reference_position(text, offset, encoding)
    assert LineIndex(text, encoding).position(offset) == expected


@given(texts, encodings, st.data())
def test_offset_inverts_position(text: str, encoding: Encoding, data: st.DataObject) -> None:
    lines = LineIndex(text, encoding)
    offset = data.draw(st.integers(0, len(text)))
    inside_crlf = text[offset - 1 : offset + 1] == "\r\n" and offset > 0
    assert lines.offset(*lines.position(offset)) == offset - inside_crlf


@given(texts, encodings, st.data())
def test_any_position_means_some_place(text: str, encoding: Encoding, data: st.DataObject) -> None:
    """Beyond the line: its end. Beyond the text: its end. Inside a character: its start."""
    lines = reference_lines(text)
    line, character = data.draw(st.integers(0, len(lines) + 1)), data.draw(st.integers(0, 40))
    if line >= len(lines):
        expected = len(text)
    else:
        start, content = lines[line]
        fits = [k for k in range(len(content) + 1) if units(content[:k], encoding) <= character]
        expected = start + max(fits)
    assert LineIndex(text, encoding).offset(line, character) == expected


@pytest.mark.parametrize(
    ("encoding", "column"), [(Encoding.UTF8, 4), (Encoding.UTF16, 2), (Encoding.UTF32, 1)]
)
def test_an_emoji_takes_what_the_encoding_says(encoding: Encoding, column: int) -> None:
    assert LineIndex("😀x", encoding).position(1) == (0, column)


def test_a_form_feed_ends_no_line() -> None:
    lines = LineIndex("a\x0cb\nc", Encoding.UTF16)
    assert len(lines) == 2
    assert lines.offset(1, 0) == 4
    assert lines.span(0) == (0, 3)
    assert lines.span(99) == (4, 5)


def test_half_a_surrogate_pair_is_counted_and_not_refused() -> None:
    assert LineIndex("\ud83dx", Encoding.UTF16).position(1) == (0, 1)

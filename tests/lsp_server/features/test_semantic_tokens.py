"""Semantic tokens and inlay hints against what a client makes of them."""

from hypothesis import given
from hypothesis import strategies as st

from attribution.schema import Document
from lsp_server.documents.snapshot import Snapshot
from lsp_server.features.inlay_hints import inlay_hints
from lsp_server.features.semantic_tokens import MODIFIERS, semantic_tokens
from lsp_server.protocol.positions import Encoding, Span
from lsp_server.state.editor_view import view_of
from lsp_server.state.explanation import Explanation
from lsp_server.state.heat_map import HeatMap, HeatSpan
from lsp_server.state.session import Session
from lsp_server.state.settings import Thresholds
from tests.lsp_server.protocol.test_positions import encodings, texts
from tests.lsp_server.samples import CODE, FAILING, P, attribution, generation, pair
from tests.lsp_server.samples import T as TEMPLATE

SNAPSHOT = Snapshot("file:///w/HumanEval_0/0.py", 1, CODE)
WHOLE = Explanation(FAILING, generation(), (pair(),), None, attribution())


def read(snapshot: Snapshot, data: list[int]) -> list[tuple[str, str]]:
    """Text and modifier of every token, decoded as LSP says."""
    tokens, line, character = [], 0, 0
    for k in range(0, len(data), 5):
        down, right, length, kind, bits = data[k : k + 5]
        line, character = line + down, right + (0 if down else character)
        start, end = (snapshot.lines.offset(line, c) for c in (character, character + length))
        tokens.append((snapshot.text[start:end], MODIFIERS[bits.bit_length() - 1]))
        assert (kind, bits.bit_count()) == (0, 1)
    return tokens


def test_strength_and_sign_are_modifiers() -> None:
    data = semantic_tokens(SNAPSHOT, view_of(SNAPSHOT, WHOLE).heat_map, Thresholds())
    assert read(SNAPSHOT, data) == [
        (" f", "pos2"),
        ("(x):", "neg1"),  # the line end cannot be part of a token
        ("    return", "pos3"),
        (" x", "pos1"),
    ]
    strong = semantic_tokens(SNAPSHOT, view_of(SNAPSHOT, WHOLE).heat_map, Thresholds(share=0.2))
    assert [text for text, _ in read(SNAPSHOT, strong)] == [" f", "    return"]
    assert semantic_tokens(SNAPSHOT, None, Thresholds()) == []


@given(texts, encodings, st.lists(st.floats(-1, 1), min_size=1, max_size=9), st.data())
def test_every_painted_character_is_painted_once(
    text: str, encoding: Encoding, values: list[float], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=9)))
    spans = [Span(a, b) for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if a < b]
    heat = HeatMap(
        tuple(
            HeatSpan(Document.CODE, span, value, value, P if value else TEMPLATE)
            for span, value in zip(spans, values * len(spans), strict=False)
        ),
        1.0,
    )
    snapshot = Snapshot("file:///a.py", 1, text, encoding)
    painted = read(snapshot, semantic_tokens(snapshot, heat, Thresholds()))
    expected = "".join(
        text[part.span.start : part.span.end] for part in heat.spans if abs(part.value) >= 0.05
    )
    assert "".join(part for part, _ in painted) == expected.replace("\r", "").replace("\n", "")


def test_hints_stand_behind_the_strongest_tokens() -> None:
    session = Session(SNAPSHOT, None, explanation=WHOLE, view=view_of(SNAPSHOT, WHOLE))
    shown = inlay_hints(session, Thresholds(strongest=2), Span(0, len(CODE)))
    assert [(CODE[: hint.offset].split("\n")[-1], hint.label) for hint in shown] == [
        ("def f", "+0.50"),
        ("    return", "+1.00"),
    ]
    assert shown[1].tooltip == "+1.00 (56% of all relevance) towards `␣<=`"
    assert [hint.label for hint in inlay_hints(session, Thresholds(), Span(0, 4))] == ["+0.50"]
    assert inlay_hints(Session(SNAPSHOT, None), Thresholds(), Span(0, 9)) == []

"""Spans of byte-level tokens on text where characters span several tokens."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from attribution.decoding import tokens

TEXTS = st.text(alphabet="def f(x):\n\t\f\r é漢字😀👩‍👩‍👧\u0301", min_size=1, max_size=40)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_decoded_spans_cover_the_text_in_order(
    tokenizer: PreTrainedTokenizerFast, text: str
) -> None:
    ids = tokenizer(text).input_ids
    decoded, spans = tokens.decode_spans(tokenizer, ids, context=5)
    assert decoded == text
    assert [a for a, _ in spans] == sorted(a for a, _ in spans)
    assert sorted({i for a, b in spans for i in range(a, b)}) == list(range(len(text)))
    assert spans == tokens.encode(tokenizer, text, special=False)[1]


def test_tokens_of_one_character_share_its_span(tokenizer: PreTrainedTokenizerFast) -> None:
    ids = tokenizer("a😀b").input_ids
    assert len(ids) == 6
    assert tokens.decode_spans(tokenizer, ids, 5)[1] == [(0, 1)] + [(1, 2)] * 4 + [(2, 3)]


def test_bytes_that_are_no_character_end_somewhere(tokenizer: PreTrainedTokenizerFast) -> None:
    half = tokenizer("😀").input_ids[:2]
    text, spans = tokens.decode_spans(tokenizer, [*half, *tokenizer("ab").input_ids], 5)
    assert text.endswith("ab")
    assert spans[-1][1] == len(text)


@pytest.mark.parametrize(("end", "expected"), [(3, [(0, 2), (2, 3)]), (9, [(0, 2), (2, 5)])])
def test_clip(end: int, expected: list[tokens.Span]) -> None:
    assert tokens.clip([(0, 2), (2, 5)], end) == expected

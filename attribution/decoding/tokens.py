"""Tokens and the text they stand for.

Byte-level tokens may be a part of a character: then all tokens of that character share its span.
"""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from attribution.errors import UnsupportedModel

Span = tuple[int, int]  # half-open, code points

_INCOMPLETE = "\ufffd"
_LONGEST_CHARACTER = 8  # tokens; after so many the bytes are no UTF-8 and stay as they are


def encode(
    tokenizer: PreTrainedTokenizerBase, text: str, *, special: bool
) -> tuple[list[int], list[Span]]:
    """Ids and spans of a text we were given; `special` adds what the tokenizer puts around it."""
    if not tokenizer.is_fast:
        raise UnsupportedModel("Only models with a fast tokenizer (tokenizer.json) work.")
    encoded = tokenizer(text, add_special_tokens=special, return_offsets_mapping=True)
    return list(encoded["input_ids"]), [(a, b) for a, b in encoded["offset_mapping"]]


def decode(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> str:
    """The text of one sequence of ids, special tokens included."""
    text = tokenizer.decode(list(ids))
    if not isinstance(text, str):
        raise TypeError("ids must be one sequence, not a batch")
    return text


def decode_after(tokenizer: PreTrainedTokenizerBase, context: int, ids: Sequence[int]) -> str:
    """The text of `ids` behind the token `context`; some tokenizers drop a leading space."""
    return decode(tokenizer, [context, *ids])[len(decode(tokenizer, [context])) :]


def decode_each(tokenizer: PreTrainedTokenizerBase, context: int, ids: Sequence[int]) -> list[str]:
    """The text of each of `ids` if it came behind the token `context`."""
    head = decode(tokenizer, [context])
    if head.endswith(_INCOMPLETE):  # a part of a character would swallow a part of the next
        return tokenizer.batch_decode([[one] for one in ids])
    return [text[len(head) :] for text in tokenizer.batch_decode([[context, one] for one in ids])]


def decode_spans(
    tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], context: int
) -> tuple[str, list[Span]]:
    """Text and spans of ids that a model wrote after the token `context`."""
    text, spans = "", [(0, 0)] * len(ids)
    start, before = 0, context
    for index in range(len(ids)):
        group = list(ids[start : index + 1])
        piece = decode_after(tokenizer, before, group)
        if piece.endswith(_INCOMPLETE) and len(group) < _LONGEST_CHARACTER:
            continue
        spans[start : index + 1] = [(len(text), len(text) + len(piece))] * len(group)
        text += piece
        start, before = index + 1, ids[index]
    spans[start:] = [(len(text), len(text))] * (len(ids) - start)
    return text, spans


def clip(spans: Sequence[Span], end: int) -> list[Span]:
    """Spans that do not reach beyond `end` (a stop sequence may cut a token in two)."""
    return [(min(a, end), min(b, end)) for a, b in spans]

"""Stretches of tokens that belong together, and tokens that count."""

from collections.abc import Sequence
from itertools import groupby, pairwise

from attribution.schema import Document, Generation, Role


def line(generation: Generation, offset: int) -> int:
    """The line of `code`, from 1, on which this code point stands."""
    return generation.code.count("\n", 0, offset) + 1


def eligible(generation: Generation, end: int) -> list[int]:
    """Tokens before `end` that a person can read or change: no template, and not the first."""
    return [k for k, token in enumerate(generation.tokens[:end]) if token.role is not Role.TEMPLATE]


def lines(generation: Generation, tokens: Sequence[int]) -> list[tuple[int, int]]:
    """`tokens` (ascending) cut into half-open ranges that lie on one line of one document."""
    texts = {Document.CODE: generation.code, Document.PROMPT: generation.prompt}

    def place(k: int) -> tuple[Document, int]:
        token = generation.tokens[k]
        return token.document, texts[token.document].count("\n", 0, token.start)

    found = []
    for _, group in groupby(tokens, place):
        members = list(group)
        start = members[0]
        for before, after in pairwise(members):
            if after != before + 1:  # a template token lies between
                found.append((start, before + 1))
                start = after
        found.append((start, members[-1] + 1))
    return found

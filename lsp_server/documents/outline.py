"""The parts that a sample consists of: signatures, docstrings, bodies, and what is around them.

A prompt that is a document of its own has the same parts, between instruction and chat template.

Found by their looks, because what a model writes is often no Python.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto

from attrs import evolve, frozen

from attribution.schema import Document, Generation, Role
from lsp_server.protocol.positions import Span

_DEFINITION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^[^\s#)\]}]", re.MULTILINE)  # a line that ends the block before it
_FENCED = re.compile(r"^```\w*\r?\n(.*?)^```", re.MULTILINE | re.DOTALL)
_DOCSTRING = re.compile(r"\s*(?:[rRuU]?(\"\"\"|'''))")


class Kind(Enum):
    PROMPT = auto()
    WRITTEN = auto()
    TEMPLATE = auto()
    INSTRUCTION = auto()
    TOP_LEVEL = auto()
    SIGNATURE = auto()
    DOCSTRING = auto()
    BODY = auto()


@frozen
class Segment:
    """Segments follow one another and cover the text."""

    name: str
    kind: Kind
    span: Span


def segments(text: str) -> list[Segment]:
    found: list[Segment] = []
    at = 0
    while at < len(text):
        definition = _DEFINITION.search(text, at)
        start = definition.start() if definition else len(text)
        if text[at:start].strip():
            found.append(Segment("top level", Kind.TOP_LEVEL, Span(at, start)))
        if definition is None:
            break
        end = _end_of_block(text, definition.end())
        found += _definition(text, definition[1], Span(start, end))
        at = end
    return found


def prompt_segments(generation: Generation) -> list[Segment]:
    """Of a prompt that is a document of its own; what is template is known by its tokens."""
    text, parts = generation.prompt, list(_parts_of_prompt(generation.prompt))
    found, at = list[Segment](), 0
    for span in _template(generation):
        found += within(parts, Span(at, span.start))
        found.append(Segment("chat template", Kind.TEMPLATE, span))
        at = span.end
    found += within(parts, Span(at, len(text)))
    return [one for one in found if text[one.span.start : one.span.end].strip("` \r\n")]


def _parts_of_prompt(text: str) -> Iterator[Segment]:
    """The segments of fenced code, and the instruction around it."""
    at = 0
    for start, end in [*(fenced.span(1) for fenced in _FENCED.finditer(text)), (len(text),) * 2]:
        if text[at:start].strip():
            yield Segment("instruction", Kind.INSTRUCTION, Span(at, start))
        for part in segments(text[start:end]):
            yield evolve(part, span=Span(start + part.span.start, start + part.span.end))
        at = end


def _template(generation: Generation) -> list[Span]:
    """Where template tokens stand, as one those with nothing but white space between them."""
    found: list[Span] = []
    for token in generation.tokens:
        if token.document is Document.PROMPT and token.role is Role.TEMPLATE:
            joined = found and not generation.prompt[found[-1].end : token.start].strip()
            start = found.pop().start if joined else token.start
            found.append(Span(start, token.end))
    return [span for span in found if span.start < span.end]


def written_by_model(generation: Generation) -> Span | None:
    """The output's part of the code; None where the model has written none of it."""
    tokens = generation.tokens[generation.prompt_length :]
    spans = [(one.start, one.end) for one in tokens if one.document is Document.CODE]
    if not spans:
        return None
    return Span(min(start for start, _ in spans), max(end for _, end in spans))


def within(parts: list[Segment], span: Span) -> list[Segment]:
    """The parts cut to a span."""
    cut = [evolve(one, span=_common(one.span, span)) for one in parts]
    return [one for one in cut if one.span.start < one.span.end]


def _common(one: Span, other: Span) -> Span:
    return Span(max(one.start, other.start), min(one.end, other.end))


def _end_of_block(text: str, start: int) -> int:
    """Where the next line begins that is not indented."""
    line = text.find("\n", _end_of_signature(text, start) - 1)
    if line < 0:
        return len(text)
    following = _TOP_LEVEL.search(text, line + 1)
    docstring = _docstring(text, _end_of_signature(text, start))
    while following and docstring and following.start() < docstring.end:
        following = _TOP_LEVEL.search(text, docstring.end)
    return following.start() if following else len(text)


def _definition(text: str, name: str, span: Span) -> Iterator[Segment]:
    body = min(_end_of_signature(text, span.start), span.end)
    yield Segment(f"signature of {name}", Kind.SIGNATURE, Span(span.start, body))
    if docstring := _docstring(text, body):
        end = min(docstring.end, span.end)
        yield Segment(f"docstring of {name}", Kind.DOCSTRING, Span(body, end))
        body = end
    if text[body : span.end].strip():
        yield Segment(f"body of {name}", Kind.BODY, Span(body, span.end))


def _end_of_signature(text: str, start: int) -> int:
    """After the colon that is in no bracket, or the end of the line where there is none."""
    depth = 0
    for offset in range(start, len(text)):
        character = text[offset]
        depth += (character in "([{") - (character in ")]}")
        if depth <= 0 and character in ":\n":
            return offset + 1
    return len(text)


def _docstring(text: str, start: int) -> Span | None:
    opening = _DOCSTRING.match(text, start)
    if opening is None:
        return None
    closing = text.find(opening[1], opening.end())
    return Span(start, len(text) if closing < 0 else closing + len(opening[1]))

"""The parts that a sample consists of: signatures, docstrings, bodies, and what is around them.

A prompt that is a document of its own has the same parts, between instruction and chat template.

They are found by patterns, because what a model writes is often no Python.
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


class SectionKind(Enum):
    PROMPT = auto()
    WRITTEN = auto()
    TEMPLATE = auto()
    INSTRUCTION = auto()
    TOP_LEVEL = auto()
    SIGNATURE = auto()
    DOCSTRING = auto()
    BODY = auto()


@frozen
class Section:
    """A named part of a text; sections follow one another and cover it."""

    name: str
    kind: SectionKind
    span: Span


def code_sections(text: str) -> list[Section]:
    """The sections of a program."""
    sections: list[Section] = []
    at = 0
    while at < len(text):
        definition = _DEFINITION.search(text, at)
        start = definition.start() if definition else len(text)
        if text[at:start].strip():
            sections.append(Section("top level", SectionKind.TOP_LEVEL, Span(at, start)))
        if definition is None:
            break
        end = _end_of_block(text, definition.end())
        sections += _definition_sections(text, definition[1], Span(start, end))
        at = end
    return sections


def prompt_sections(generation: Generation) -> list[Section]:
    """Of a prompt that is a document of its own; what is template is known by its tokens."""
    text, parts = generation.prompt, list(_instruction_and_code(generation.prompt))
    sections, at = list[Section](), 0
    for span in _template_spans(generation):
        sections += within(parts, Span(at, span.start))
        sections.append(Section("chat template", SectionKind.TEMPLATE, span))
        at = span.end
    sections += within(parts, Span(at, len(text)))
    return [section for section in sections if text[slice(*section.span)].strip("` \r\n")]


def _instruction_and_code(text: str) -> Iterator[Section]:
    """The sections of fenced code, and the instruction around it."""
    at = 0
    for start, end in [*(fenced.span(1) for fenced in _FENCED.finditer(text)), (len(text),) * 2]:
        if text[at:start].strip():
            yield Section("instruction", SectionKind.INSTRUCTION, Span(at, start))
        for section in code_sections(text[start:end]):
            yield evolve(section, span=Span(start + section.span.start, start + section.span.end))
        at = end


def _template_spans(generation: Generation) -> list[Span]:
    """Where template tokens stand, as one those with nothing but white space between them."""
    spans: list[Span] = []
    for token in generation.tokens:
        if token.document is Document.PROMPT and token.role is Role.TEMPLATE:
            joined = spans and not generation.prompt[spans[-1].end : token.start].strip()
            start = spans.pop().start if joined else token.start
            spans.append(Span(start, token.end))
    return [span for span in spans if span.start < span.end]


def written_by_model(generation: Generation) -> Span | None:
    """The output's part of the code; None where the model has written none of it."""
    output = generation.tokens[generation.prompt_length :]
    tokens = [token for token in output if token.document is Document.CODE]
    if not tokens:
        return None
    return Span(min(token.start for token in tokens), max(token.end for token in tokens))


def within(sections: list[Section], span: Span) -> list[Section]:
    """The sections cut to a span."""
    cut = [evolve(section, span=_common(section.span, span)) for section in sections]
    return [section for section in cut if section.span.start < section.span.end]


def _common(left: Span, right: Span) -> Span:
    return Span(max(left.start, right.start), min(left.end, right.end))


def first_definition(text: str) -> int:
    """Offset of the first top-level function or class; the start of a text that has none."""
    match = re.search(r"^(?:async |)(?:def|class)\b", text, re.MULTILINE)
    return match.start() if match else 0


def last_definition_of(text: str, name: str) -> int | None:
    """Offset of `name` in its last top-level definition, the one that Python keeps."""
    start = None
    for match in re.finditer(rf"^(?:async )?def ({re.escape(name)})\b", text, re.MULTILINE):
        start = match.start(1)
    return start


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


def _definition_sections(text: str, name: str, span: Span) -> Iterator[Section]:
    body = min(_end_of_signature(text, span.start), span.end)
    yield Section(f"signature of {name}", SectionKind.SIGNATURE, Span(span.start, body))
    if docstring := _docstring(text, body):
        end = min(docstring.end, span.end)
        yield Section(f"docstring of {name}", SectionKind.DOCSTRING, Span(body, end))
        body = end
    if text[body : span.end].strip():
        yield Section(f"body of {name}", SectionKind.BODY, Span(body, span.end))


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

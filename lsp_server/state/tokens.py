"""Where the tokens of a generation stand in code and prompt."""

from attribution.schema import Document, Generation
from lsp_server.protocol.positions import Span


def text_of(generation: Generation, document: Document) -> str:
    """The text of one of the two documents."""
    return generation.code if document is Document.CODE else generation.prompt


def token_span(generation: Generation, index: int) -> Span:
    """Where a token shows; a part of a character without a span of its own shows after it."""
    token = generation.tokens[index]
    return Span(token.start, max(token.end, token.start + 1))


def tokens_at(generation: Generation, offset: int, document: Document = Document.CODE) -> list[int]:
    """Tokens that cover a code point; several where they are parts of one character."""
    return [
        index
        for index, token in enumerate(generation.tokens)
        if token.document is document and token.start <= offset < token.end
    ]

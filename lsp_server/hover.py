"""What is known about the token under the cursor, as Markdown."""

from collections.abc import Iterator

from attrs import frozen

from attribution.schema import Alternative, Attribution, Document, Generation, Role, Token
from lsp_server import words
from lsp_server.explanation import Explanation
from lsp_server.views import EditorView, HeatSpan, Span

_WRITER = {
    Role.TEMPLATE: "template token",
    Role.PROMPT: "prompt",
    Role.OUTPUT: "written by the model",
}


@frozen
class Hover:
    span: Span
    markdown: str


def hover(explanation: Explanation, shown: EditorView, offset: int) -> Hover | None:
    """About the token at a code point of the code; None where nothing is known about it."""
    generation = explanation.generation
    if generation is None:
        return None
    indices = _tokens_at(generation, offset)
    if not indices:
        return None
    parts = [
        _header(generation, indices),
        *_relevance(explanation, shown, offset),
        *_choice(explanation, indices),
        *_alternatives(generation, indices[-1]),
        *_completeness(explanation.attribution),
        *_origin(generation),
    ]
    tokens = [generation.tokens[index] for index in indices]
    span = Span(min(t.start for t in tokens), max(t.end for t in tokens))
    return Hover(span, "\n\n".join(parts))


def _tokens_at(generation: Generation, offset: int) -> list[int]:
    """Tokens that cover a code point; several where they are parts of one character."""
    return [
        index
        for index, token in enumerate(generation.tokens)
        if token.document is Document.CODE and token.start <= offset < token.end
    ]


def _header(generation: Generation, indices: list[int]) -> str:
    first: Token = generation.tokens[indices[0]]
    text = generation.code[first.start : first.end] if len(indices) > 1 else first.text
    parts = f" · {len(indices)} tokens share it" if len(indices) > 1 else ""
    return f"**{words.token(text)}** · {_WRITER[first.role]} · token {indices[0]}{parts}"


def _relevance(explanation: Explanation, shown: EditorView, offset: int) -> Iterator[str]:
    if (pair := explanation.pair) is None or shown.heat is None:
        return
    ranked = shown.heat.ranked
    for rank, one in enumerate(ranked, start=1):
        if _covers(one, offset):
            favoured = pair.target if one.relevance > 0 else pair.contrast
            yield (
                f"Relevance **{words.signed(one.relevance)}** towards "
                f"{words.token(favoured.text)} · {abs(one.relevance) / shown.heat.total:.1%} of "
                f"all relevance · rank {rank} of {len(ranked)}"
            )
            return
    for one in shown.heat.spans:
        if _covers(one, offset):
            yield (
                f"Relevance {words.signed(one.relevance)}, shown grey: template tokens and the "
                "first token gather attention whatever the text says."
            )


def _covers(one: HeatSpan, offset: int) -> bool:
    return one.document is Document.CODE and one.span.start <= offset < one.span.end


def _choice(explanation: Explanation, indices: list[int]) -> Iterator[str]:
    pair = explanation.pair
    if pair is None or pair.position < indices[0]:
        return
    if pair.position in indices:
        yield (
            f"**The faulty token.** {words.choice(pair)} {words.token(pair.contrast.text)} was the "
            f"model's choice number {pair.contrast.rank} here."
        )


def _alternatives(generation: Generation, index: int) -> Iterator[str]:
    step = index - generation.prompt_length
    if not 0 <= step < len(generation.alternatives):
        return
    written = generation.tokens[index].id
    lines = [_alternative(one, written) for one in generation.alternatives[step]]
    if lines:
        yield "The model's likeliest tokens here:\n\n" + "\n".join(lines)


def _alternative(one: Alternative, written: int) -> str:
    mark = " ← written" if one.id == written else ""
    return f"- {words.token(one.text)} {one.probability:.1%}{mark}"


def _completeness(attribution: Attribution | None) -> Iterator[str]:
    if attribution is None:
        return
    total, own, leak, bias = map(
        words.number,
        (attribution.logit_diff, attribution.sum, attribution.leak, attribution.bias),
    )
    yield (
        f"Δℓ {total} = tokens {own} + softmax leak {leak} + bias {bias} ({attribution.method}). "
        "It is about this one choice, with every token before it held fixed."
    )


def _origin(generation: Generation) -> Iterator[str]:
    if generation.retokenized:
        yield (
            f"No trace: the sample was tokenised again for {words.code_span(generation.model)}, "
            "which may not be what wrote it."
        )

"""What is known about the token under the cursor, as Markdown."""

from collections.abc import Iterator

from attrs import frozen

from attribution.schema import (
    Alternative,
    Attribution,
    Document,
    Generation,
    Role,
    SearchReport,
    Token,
)
from lsp_server.documents.outline import code_sections, prompt_sections
from lsp_server.features.layer_profile import layer_profile
from lsp_server.protocol.positions import Span
from lsp_server.state import wording
from lsp_server.state.editor_view import EditorView
from lsp_server.state.explanation import Explanation
from lsp_server.state.tokens import text_of, tokens_at

_WRITER = {
    Role.TEMPLATE: "template token",
    Role.PROMPT: "prompt",
    Role.OUTPUT: "written by the model",
}
_MAX_ALTERNATIVES = 10  # alternatives, of which the search may try more


@frozen
class Hover:
    span: Span
    markdown: str


def hover_at(
    explanation: Explanation, view: EditorView, offset: int, document: Document = Document.CODE
) -> Hover | None:
    """About the token at a code point; None where nothing is known about it."""
    generation = explanation.generation
    if generation is None:
        return None
    indices = tokens_at(generation, offset, document)
    if not indices:
        return None
    parts = [
        _header(generation, indices) + _section(generation, offset, document),
        *_relevance(explanation, view, offset, document),
        *_profile(explanation, indices),
        *_faulty_token(explanation, view, indices),
        *_pivot(explanation.search, indices),
        *_alternatives(generation, indices[-1]),
        *_completeness(explanation.attribution),
        *_retokenized(generation),
    ]
    tokens = [generation.tokens[index] for index in indices]
    span = Span(min(t.start for t in tokens), max(t.end for t in tokens))
    return Hover(span, "\n\n".join(parts))


def _header(generation: Generation, indices: list[int]) -> str:
    first: Token = generation.tokens[indices[0]]
    text, shared = first.text, ""
    if len(indices) > 1:
        text = text_of(generation, first.document)[first.start : first.end]
        shared = f" · {len(indices)} tokens share it"
    return f"**{wording.token(text)}** · {_WRITER[first.role]} · token {indices[0]}{shared}"


def _section(generation: Generation, offset: int, document: Document) -> str:
    of_code = document is Document.CODE
    sections = code_sections(generation.code) if of_code else prompt_sections(generation)
    return "".join(f" · {s.name}" for s in sections if s.span.start <= offset < s.span.end)


def _relevance(
    explanation: Explanation, view: EditorView, offset: int, document: Document
) -> Iterator[str]:
    pair, heat_map = explanation.pair, view.heat_map
    if pair is None or heat_map is None or (heat := heat_map.at(offset, document)) is None:
        return
    if heat.role is Role.TEMPLATE:
        yield (
            f"Relevance {wording.signed(heat.relevance)}, shown grey: template tokens and the "
            "first token gather attention whatever the text says."
        )
        return
    favoured = pair.target if heat.relevance > 0 else pair.contrast
    share = abs(heat.relevance) / heat_map.total if heat_map.total else 0.0
    yield (
        f"Relevance **{wording.signed(heat.relevance)}** towards {wording.token(favoured.text)} · "
        f"{share:.1%} of all relevance · rank {heat_map.rank(heat)} of {len(heat_map.counted)}"
    )


def _profile(explanation: Explanation, indices: list[int]) -> Iterator[str]:
    if explanation.attribution is not None:
        yield from layer_profile(explanation.attribution, indices)


def _faulty_token(explanation: Explanation, view: EditorView, indices: list[int]) -> Iterator[str]:
    pair = explanation.pair
    if pair is not None and pair.position in indices:
        yield (
            f"**The faulty token.** {wording.describe_pair(pair, weak=view.weak)} "
            f"{wording.token(pair.contrast.text)} was the model's choice number "
            f"{pair.contrast.rank} here."
        )


def _pivot(search: SearchReport | None, indices: list[int]) -> Iterator[str]:
    if search is not None and search.pivotal in indices:
        certainty = "" if search.pivotal_certain else ", as far as was tried"
        yield (
            "**Pivotal.** It is the last token in the place of which a single other one still "
            f"rescues the program{certainty}."
        )


def _alternatives(generation: Generation, index: int) -> Iterator[str]:
    token = generation.tokens[index]
    mark = "written" if token.role is Role.OUTPUT else "the prompt"
    lines = [
        _alternative(choice) + (f" ← {mark}" if choice.id == token.id else "")
        for choice in generation.likeliest(index)[:_MAX_ALTERNATIVES]
    ]
    if lines:
        yield "The model's likeliest tokens here:\n\n" + "\n".join(lines)


def _alternative(choice: Alternative) -> str:
    return f"- {wording.token(choice.text)} {choice.probability:.1%}"


def _completeness(attribution: Attribution | None) -> Iterator[str]:
    if attribution is not None:
        yield wording.describe_completeness(attribution)


def _retokenized(generation: Generation) -> Iterator[str]:
    if generation.retokenized:
        yield (
            f"No trace: the sample was tokenised again for {wording.code_span(generation.model)}, "
            "which may not be what wrote it."
        )

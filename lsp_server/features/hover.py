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
from lsp_server.documents.outline import prompt_segments, segments
from lsp_server.features.profile import layer_profile
from lsp_server.protocol.positions import Span
from lsp_server.state import wording
from lsp_server.state.explanation import Explanation
from lsp_server.state.views import EditorView, tokens_at

_WRITER = {
    Role.TEMPLATE: "template token",
    Role.PROMPT: "prompt",
    Role.OUTPUT: "written by the model",
}
_LISTED = 10  # alternatives, of which the search may try more


@frozen
class Hover:
    span: Span
    markdown: str


def hover(
    explanation: Explanation, shown: EditorView, offset: int, where: Document = Document.CODE
) -> Hover | None:
    """About the token at a code point; None where nothing is known about it."""
    generation = explanation.generation
    if generation is None:
        return None
    indices = tokens_at(generation, offset, where)
    if not indices:
        return None
    parts = [
        _header(generation, indices) + _segment(generation, offset, where),
        *_relevance(explanation, shown, offset, where),
        *_profile(explanation, indices),
        *_choice(explanation, shown, indices),
        *_pivot(explanation.report, indices),
        *_alternatives(generation, indices[-1]),
        *_completeness(explanation.attribution),
        *_origin(generation),
    ]
    tokens = [generation.tokens[index] for index in indices]
    span = Span(min(t.start for t in tokens), max(t.end for t in tokens))
    return Hover(span, "\n\n".join(parts))


def _header(generation: Generation, indices: list[int]) -> str:
    first: Token = generation.tokens[indices[0]]
    whole = generation.code if first.document is Document.CODE else generation.prompt
    text = whole[first.start : first.end] if len(indices) > 1 else first.text
    parts = f" · {len(indices)} tokens share it" if len(indices) > 1 else ""
    return f"**{wording.token(text)}** · {_WRITER[first.role]} · token {indices[0]}{parts}"


def _segment(generation: Generation, offset: int, where: Document) -> str:
    of_prompt = where is Document.PROMPT
    parts = prompt_segments(generation) if of_prompt else segments(generation.code)
    found = (one for one in parts if one.span.start <= offset < one.span.end)
    return "".join(f" · {segment.name}" for segment in found)


def _relevance(
    explanation: Explanation, shown: EditorView, offset: int, where: Document
) -> Iterator[str]:
    pair, heat = explanation.pair, shown.heat
    if pair is None or heat is None or (one := heat.at(offset, where)) is None:
        return
    if one.role is Role.TEMPLATE:
        yield (
            f"Relevance {wording.signed(one.relevance)}, shown grey: template tokens and the "
            "first token gather attention whatever the text says."
        )
        return
    favoured = pair.target if one.relevance > 0 else pair.contrast
    share = abs(one.relevance) / heat.total if heat.total else 0.0
    yield (
        f"Relevance **{wording.signed(one.relevance)}** towards {wording.token(favoured.text)} · "
        f"{share:.1%} of all relevance · rank {heat.rank(one)} of {len(heat.counted)}"
    )


def _profile(explanation: Explanation, indices: list[int]) -> Iterator[str]:
    if explanation.attribution is not None:
        yield from layer_profile(explanation.attribution, indices)


def _choice(explanation: Explanation, shown: EditorView, indices: list[int]) -> Iterator[str]:
    pair = explanation.pair
    if pair is None or pair.position < indices[0]:
        return
    if pair.position in indices:
        yield (
            f"**The faulty token.** {wording.choice(pair, weak=shown.weak)} "
            f"{wording.token(pair.contrast.text)} was the model's choice number "
            f"{pair.contrast.rank} here."
        )


def _pivot(report: SearchReport | None, indices: list[int]) -> Iterator[str]:
    if report is not None and report.pivotal in indices:
        certainty = "" if report.pivotal_certain else ", as far as was tried"
        yield (
            "**Pivotal.** It is the last token in the place of which a single other one still "
            f"rescues the program{certainty}."
        )


def _alternatives(generation: Generation, index: int) -> Iterator[str]:
    stands = generation.tokens[index]
    mark = "written" if stands.role is Role.OUTPUT else "the prompt"
    lines = [
        _alternative(one) + (f" ← {mark}" if one.id == stands.id else "")
        for one in generation.likeliest(index)[:_LISTED]
    ]
    if lines:
        yield "The model's likeliest tokens here:\n\n" + "\n".join(lines)


def _alternative(one: Alternative) -> str:
    return f"- {wording.token(one.text)} {one.probability:.1%}"


def _completeness(attribution: Attribution | None) -> Iterator[str]:
    if attribution is not None:
        yield wording.completeness(attribution)


def _origin(generation: Generation) -> Iterator[str]:
    if generation.retokenized:
        yield (
            f"No trace: the sample was tokenised again for {wording.code_span(generation.model)}, "
            "which may not be what wrote it."
        )

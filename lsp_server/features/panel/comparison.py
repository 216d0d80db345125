"""Two models on the same choice in the same text: for a panel, and as Markdown."""

from collections.abc import Iterator, Sequence

from attribution.schema import Alternative, Attribution, Comparison, Document, Generation
from lsp_server.features.panel.details import Explained
from lsp_server.features.relevance import to_range
from lsp_server.protocol.messages import (
    ComparedChoice,
    ComparedModel,
    ComparedToken,
    ComparisonAnswer,
    Piece,
)
from lsp_server.protocol.positions import LineIndex
from lsp_server.state import wording
from lsp_server.state.explanation import Explanation
from lsp_server.state.heat_map import HeatMap, HeatSpan, heat_map_of

_STRONGEST = 10


def to_comparison(known: Explained, found: Comparison) -> ComparisonAnswer:
    """What the panel shows of both models."""
    return ComparisonAnswer(
        version=known.session.snapshot.version,
        same_tokens=found.same_tokens,
        words=in_words(known, found),
        models=(
            _model(known, known.generation, known.attribution, choices_of(known)),
            _model(known, found.generation, found.attribution, found.choices),
        ),
    )


def choices_of(known: Explained) -> Sequence[Alternative]:
    """What the model itself would most likely have written in the place of the target."""
    return known.generation.likeliest(known.attribution.pair.position)


def in_words(known: Explained, found: Comparison) -> str:
    """Markdown: whether both prefer the same, and whether for the same reasons."""
    names = wording.code_span(known.generation.model), wording.code_span(found.generation.model)
    both = [wording.number(one.logit_diff) for one in (known.attribution, found.attribution)]
    prefers = f"{names[0]} has Δℓ {both[0]}, {names[1]} has Δℓ {both[1]}"
    same = known.attribution.logit_diff * found.attribution.logit_diff > 0
    pair = known.attribution.pair
    choice = f"{wording.token(pair.target.text)} against {wording.token(pair.contrast.text)}"
    outcome = "both prefer the same" if same else "they prefer different tokens"
    shared = len(_shared(_heat(known.generation, known.attribution), _of(found)))
    again = (
        ""
        if found.same_tokens
        else (
            " Their tokens differ: the sibling read the same text in its own, so compare by place."
        )
    )
    return (
        f"{choice}: {prefers}; {outcome}. Of the {_STRONGEST} strongest tokens of each, {shared} "
        f"stand at the same place.{again}"
    )


def comparison_report(known: Explained, found: Comparison) -> str:
    """A page of Markdown."""
    first, second = _heat(known.generation, known.attribution), _of(found)
    names = [known.generation.model, found.generation.model]
    parts = [
        f"# {known.session.task_id}: two models on the same choice",
        in_words(known, found),
        "\n".join(_figures(names, known, found)),
        "The strongest tokens:\n\n" + "\n".join(_strongest(names, known, first, second)),
        wording.describe_completeness(found.attribution),
    ]
    return "\n\n".join(parts) + "\n"


def _figures(names: Sequence[str], known: Explained, found: Comparison) -> Iterator[str]:
    one, other = known.attribution, found.attribution
    yield f"| | {wording.table_cell(names[0])} | {wording.table_cell(names[1])} |"
    yield "|---|---|---|"
    rows = {
        "Δℓ": (one.logit_diff, other.logit_diff),
        "tokens": (one.sum, other.sum),
        one.missing[0]: (one.missing[1], other.missing[1]),
        "bias": (one.bias, other.bias),
    }
    for title, (mine, theirs) in rows.items():
        yield f"| {title} | {wording.number(mine)} | {wording.number(theirs)} |"
    for title, which in (("rank of the target", "target"), ("rank of the contrast", "contrast")):
        mine, theirs = getattr(one.pair, which).rank, getattr(other.pair, which).rank
        yield f"| {title} | {mine} | {theirs} |"


def _strongest(
    names: Sequence[str], known: Explained, first: HeatMap, second: HeatMap
) -> Iterator[str]:
    yield f"| rank | {wording.table_cell(names[0])} | | {wording.table_cell(names[1])} | |"
    yield "|---|---|---|---|---|"
    pairs = zip(first.ranked[:_STRONGEST], second.ranked[:_STRONGEST], strict=False)
    for rank, both in enumerate(pairs, 1):
        cells = [
            cell
            for one in both
            for cell in (wording.token(_text(known, one)), wording.signed(one.relevance))
        ]
        yield f"| {rank} | " + " | ".join(map(wording.table_cell, cells)) + " |"


def _model(
    known: Explained,
    generation: Generation,
    found: Attribution,
    choices: Sequence[Alternative],
) -> ComparedModel:
    heat, snapshot = _heat(generation, found), known.session.snapshot
    prompt = LineIndex(generation.prompt, snapshot.encoding)
    lines = {Document.CODE: snapshot.lines, Document.PROMPT: prompt}
    return ComparedModel(
        name=generation.model,
        logit_diff=found.logit_diff,
        sum=found.sum,
        leak=found.leak,
        bias=found.bias,
        target=ComparedToken(found.pair.target.text, found.pair.target.rank),
        contrast=ComparedToken(found.pair.contrast.text, found.pair.contrast.rank),
        choices=tuple(ComparedChoice(each.text, each.probability) for each in choices),
        scale=heat.scale,
        pieces=tuple(
            Piece(
                text=_text(known, span),
                relevance=span.relevance,
                value=span.value,
                role=span.role,
                document=span.document,
                place=to_range(lines[span.document], span.span),
            )
            for span in heat.spans
        ),
    )


def _of(found: Comparison) -> HeatMap:
    return _heat(found.generation, found.attribution)


def _heat(generation: Generation, found: Attribution) -> HeatMap:
    heat = heat_map_of(Explanation(generation=generation, attribution=found))
    return heat if heat is not None else HeatMap((), 0.0)


def _text(known: Explained, one: HeatSpan) -> str:
    """Both models read the same texts."""
    code = one.document is Document.CODE
    whole = known.generation.code if code else known.generation.prompt
    return whole[one.span.start : one.span.end]


def _shared(first: HeatMap, second: HeatMap) -> list[HeatSpan]:
    """Of the strongest of the first, those that stand where one of the second's stands."""
    others = second.ranked[:_STRONGEST]
    return [
        one
        for one in first.ranked[:_STRONGEST]
        if any(one.document is two.document and one.span.touches(two.span) for two in others)
    ]

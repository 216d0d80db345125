"""Pieces of what the command line prints: verdict, heat map, strongest tokens, timings."""

from collections.abc import Iterable, Sequence

from attrs import frozen
from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from attribution.ipc.explanation import Explanation
from attribution.schema import Attribution, ContrastPair, Document, Generation, Role, Verdict

# As in the editor: red supports what the model wrote, blue what it should have written.
_RED, _BLUE, _WHITE = (178, 24, 43), (33, 102, 172), (255, 255, 255)
_STRONGEST = 10  # tokens in the table
_FAINT = 0.05  # share of the scale below which a token stays uncoloured

# A sample may hold control characters, which would steer the terminal or (in rich) disappear and
# shift the heat map. Each becomes one visible character; so do lone surrogates (paths that are not
# UTF-8), which standard output refuses.
_VISIBLE = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
_VISIBLE |= {0x7F: 0x2421}
_VISIBLE |= dict.fromkeys((*range(0x80, 0xA0), *range(0xD800, 0xE000)), 0xFFFD)


@frozen
class HeatSpan:
    """A coloured span of one document; `value` is relevance over scale, −1 … 1."""

    start: int
    end: int
    value: float
    template: bool = False


@frozen
class Strong:
    """One row of the table of strongest tokens; relevance is in logit units."""

    text: str
    line: int  # 1-based
    role: str
    relevance: float


def visible(text: str) -> str:
    """`text` of the same length in code points, without control characters but \\n and \\t."""
    return text.translate(_VISIBLE)


def say(console: Console, text: str, style: str | Style = "") -> None:
    """Print text of any origin: literally, without control characters, its lines never folded."""
    console.print(Text(visible(text), style), soft_wrap=True)


def print_verdict(verdict: Verdict, console: Console) -> None:
    style = "bold green" if verdict.passed else "bold red"
    say(console, f"{verdict.task_id}: {verdict.message}", style)
    rows = (
        ("call", verdict.failing_input),
        ("expected", verdict.expected),
        ("actual", verdict.actual),
        ("raised", verdict.exception),
        ("line", verdict.line),
        ("note", verdict.note or None),
    )
    for name, value in rows:
        if value is not None:
            say(console, f"  {name:<9}{value}")


def print_heat_maps(
    explanation: Explanation, generation: Generation, pair: ContrastPair, console: Console
) -> None:
    scale = explanation.scale()
    target = generation.tokens[pair.position]
    documents = [(Document.CODE, generation.code)]
    if any(token.document is Document.PROMPT for token in generation.tokens):
        documents.insert(0, (Document.PROMPT, generation.prompt))
    for document, text in documents:
        console.print()
        console.print(f"{document.value}: red supports the target, blue the contrast", style="dim")
        heats = [
            HeatSpan(t.start, t.end, r / scale if scale else 0.0, t.role is Role.TEMPLATE)
            for t, r in explanation.scored_tokens()
            if t.document is document
        ]
        marked = (target.start, target.end) if document is Document.CODE else None
        console.print(heat_map(text, heats, marked), soft_wrap=True)


def heat_map(text: str, heats: Iterable[HeatSpan], target: tuple[int, int] | None = None) -> Text:
    """`text` with coloured backgrounds; the target token is reversed and underlined."""
    drawn = Text(visible(text))
    for heat in heats:
        if not heat.template and abs(heat.value) >= _FAINT:
            drawn.stylize(_style(heat.value), heat.start, heat.end)
    if target is not None:
        drawn.stylize(Style(reverse=True, bold=True, underline=True), *target)
    return drawn


def _style(value: float) -> Style:
    end = _RED if value > 0 else _BLUE
    share = min(1.0, abs(value))
    red, green, blue = (round(w + (e - w) * share) for w, e in zip(_WHITE, end, strict=True))
    text = "white" if share > 0.5 else "black"
    return Style.parse(f"{text} on rgb({red},{green},{blue})")


def print_strongest(explanation: Explanation, console: Console) -> None:
    generation = explanation.generation
    if generation is None:
        return
    texts = {Document.CODE: generation.code, Document.PROMPT: generation.prompt}
    rows = [
        Strong(t.text, texts[t.document].count("\n", 0, t.start) + 1, t.role.value, r)
        for t, r in explanation.scored_tokens()
        if t.role is not Role.TEMPLATE
    ]
    console.print()
    console.print(strongest(rows))


def strongest(rows: Sequence[Strong]) -> Table:
    """The tokens that pushed hardest either way: what a heat map without colours cannot show."""
    table = Table("token", "line", "from", "relevance", title="Strongest tokens", box=None)
    for row in sorted(rows, key=lambda row: -abs(row.relevance))[:_STRONGEST]:
        style = "red" if row.relevance > 0 else "blue"
        table.add_row(
            Text(visible(repr(row.text))),
            f"{row.line}",
            row.role,
            Text(f"{row.relevance:+.3f}", style),
        )
    return table


def print_completeness(attribution: Attribution, console: Console) -> None:
    name, missing = attribution.missing
    console.print(
        f"{attribution.method}: Δℓ {attribution.logit_diff:.3f} = tokens {attribution.sum:.3f}"
        f" + {name} {missing:.3f} + biases {attribution.bias:.3f}",
        style="dim",
    )
    if attribution.caveat:
        say(console, attribution.caveat, "yellow")


def print_timings(timings: dict[str, float], console: Console) -> None:
    if timings:
        stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in timings.items())
        console.print(f"Took {stages}.", style="dim")

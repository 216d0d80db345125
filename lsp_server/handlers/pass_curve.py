"""Where the model lost the thread of a sample: asked of the engine, and told as Markdown.

At places along the sample the engine lets the model go on by chance and runs the tests. The report
has a row per place: how many continuations pass, and where the sample was cut.
"""

from collections.abc import Iterator

from attribution.errors import InvalidRequest
from attribution.schema import CurveRequest, Generation, PassCurve, PassRate, curve_text
from attribution.schema.curve_text import BAR_WIDTH
from lsp_server.engine.side_requests import CancelledByUser, Outdated
from lsp_server.handlers.window import TokenBlameServer
from lsp_server.protocol.positions import Encoding, LineIndex
from lsp_server.protocol.progress import WorkDone
from lsp_server.state import wording
from lsp_server.state.requests import ExplainOptions, explain_request
from lsp_server.state.session import Session

_LONGEST = 40  # characters of a line on either side of the cut


async def curve_of(ls: TokenBlameServer, session: Session, progress: WorkDone) -> str:
    """The page about one failing sample, within the budget that the settings give a search.

    Where the user stops it, it is about what was sampled until then.

    Raises InvalidRequest where nothing fails or nothing was read, Outdated where the text has moved
    on, and what the engine reports.
    """
    snapshot, known = session.snapshot, session.explanation
    if known.verdict is not None and known.verdict.passed:
        raise InvalidRequest("The tests pass: the model did not lose the thread.")
    if known.generation is None:
        raise InvalidRequest("The model has not read this sample yet. Explain it first.")
    explain = explain_request(snapshot, session.task_id, ls.conditions, ExplainOptions())
    request = CurveRequest(explain, seconds=ls.settings.seconds)
    stopped = False
    try:
        found = await ls.scheduler.ask_engine(snapshot, request, PassCurve, progress)
    except CancelledByUser as cancelled:
        if not isinstance(cancelled.partial, PassCurve):
            raise
        found, stopped = cancelled.partial, True  # minutes of sampling are not thrown away
    if ls.sessions.get(snapshot) is None:
        raise Outdated
    return curve_report(session.task_id or "", known.generation, found, stopped=stopped)


def curve_report(
    task_id: str, generation: Generation, curve: PassCurve, *, stopped: bool = False
) -> str:
    """A page of Markdown that can be read as it is, too; `stopped`: its user had enough of it."""
    parts = [
        f"# {task_id}: where the model lost the thread" + (" (partial)" if stopped else ""),
        wording.escaped(curve.message),
        *(["\n".join(_table(generation, curve))] if curve.points else []),
        curve_text.cost(curve, model=wording.code_span(generation.model), stopped=stopped),
    ]
    return "\n\n".join(parts) + "\n"


def _table(generation: Generation, curve: PassCurve) -> Iterator[str]:
    lines = LineIndex(generation.code, Encoding.UTF32)
    yield f"| line | {'pass':>7} | {'95 %':<8} | {'share':<{BAR_WIDTH}} | kept │ written next |"
    yield f"|-----:|--------:|:---------|:{'-' * BAR_WIDTH}-|:--------------------|"
    for point in curve.points:
        yield _row(point, generation, lines)
        if curve.steepest is not None and point.position == curve.steepest[0]:
            yield _steepest(curve, generation)


def _row(point: PassRate, generation: Generation, lines: LineIndex) -> str:
    passes, interval = curve_text.passes(point), curve_text.interval(point)
    cut = generation.cut(point.position)
    line, _ = lines.position(cut)
    start, end = lines.span(line)
    kept, after = _shown(generation.code[start:cut].lstrip()), _shown(generation.code[cut:end])
    if len(kept) > _LONGEST:
        kept = f"…{kept[-_LONGEST:]}"
    if len(after) > _LONGEST:
        after = f"{after[:_LONGEST]}…"
    bar = "".join(curve_text.bar(point))
    code = wording.table_cell(wording.code_span(f"{kept}│{after}"))
    return f"| {line + 1:>4} | {passes:>7} | {interval:<8} | {bar} | {code} |"


def _steepest(curve: PassCurve, generation: Generation) -> str:
    """A row for what the sample has between two points: here the rate falls most."""
    what = curve_text.stretch(curve)
    if curve.pivot is not None:
        what = f"**pivot** {wording.table_cell(wording.token(generation.tokens[curve.pivot].text))}"
    empty = f"{'':>7} | {'':<8}"
    return f"| {'▼':>4} | {empty} | {'▼' * BAR_WIDTH} | {what}{curve_text.fall(curve)} |"


def _shown(text: str) -> str:
    """Code of one line, with spaces as they are."""
    return "".join(c if c.isprintable() else wording.visible(c) for c in text)

"""What can be done at a place of an explained sample."""

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from attribution.schema import ContrastPair, Form, Role
from lsp_server.documents.store import Snapshot, shared_start
from lsp_server.protocol.names import (
    ATTRIBUTE,
    CHECK,
    COMPARE,
    CURVE,
    GRAPH,
    OPEN_PROMPT,
    REPORT,
    SEARCH_LONGER,
)
from lsp_server.protocol.positions import Span
from lsp_server.state import wording
from lsp_server.state.explanation import same_choice
from lsp_server.state.requests import choices
from lsp_server.state.session import Session, State
from lsp_server.state.views import tokens_at

_MOST_CHOICES = 5


@frozen
class Replacement:
    span: Span
    text: str


@frozen
class Action:
    """Either an edit or a command."""

    title: str
    command: str = ""
    arguments: tuple[Any, ...] = ()
    edit: Replacement | None = None
    solves: bool = True  # an edit: the diagnostics there


def actions(
    snapshot: Snapshot, session: Session, selected: Span, sibling: str | None = None
) -> list[Action]:
    """Those for the selected place first, then those for the whole sample.

    `sibling` names the model to compare with.
    """
    return [
        *_repairs(snapshot, session, selected),
        *_others(snapshot, session, selected),
        *_proved(snapshot, session),
        *_whole(snapshot, session, sibling),
    ]


def _repairs(snapshot: Snapshot, session: Session, selected: Span) -> Iterator[Action]:
    """The edit that makes the tests pass, on the line of the faulty token."""
    pair, span = session.explanation.pair, session.view.pair_span
    if pair is None or pair.repaired_program is None or span is None or not snapshot.editable:
        return
    line = snapshot.lines.span(snapshot.lines.position(span.start)[0])
    if Span(line.start, max(line.end, span.end)).touches(selected):
        yield Action(
            f"Apply the repair: {_change(pair)} (the tests pass)",
            edit=difference(snapshot.text, pair.repaired_program),
        )


def _others(snapshot: Snapshot, session: Session, selected: Span) -> Iterator[Action]:
    """Other choices that the model had at the selected token."""
    generation, pair = session.explanation.generation, session.explanation.pair
    if generation is None:
        return
    indices = tokens_at(generation, selected.start)
    written = [k for k in indices if generation.tokens[k].role is Role.OUTPUT]
    for index in written[-1:]:
        here = pair is not None and pair.position == index
        target = wording.visible(generation.tokens[index].text)
        for other in choices(generation, index)[: _MOST_CHOICES if here else 1]:
            if pair is not None and here and other.id == pair.contrast.id:
                continue
            against = f"{wording.visible(other.text)} ({other.probability:.1%})"
            verb = "Explain" if here else "Choose as target:"
            yield Action(
                f"{verb} {target} against {against}",
                ATTRIBUTE,
                _choice(snapshot, index, other.id),
            )


def _proved(snapshot: Snapshot, session: Session) -> Iterator[Action]:
    """Choices that were proved and are not the one that is shown; repairs may share their first."""
    shown = session.explanation.pair
    told = [] if shown is None else [shown]
    for pair in session.explanation.pairs:
        if not any(same_choice(pair, one) for one in told):
            told.append(pair)
            yield Action(
                f"Explain the proved pair: {_change(pair)}",
                ATTRIBUTE,
                _choice(snapshot, pair.position, pair.contrast.id),
            )


def _whole(snapshot: Snapshot, session: Session, sibling: str | None) -> Iterator[Action]:
    explanation, uri = session.explanation, snapshot.uri
    if explanation.verdict is None or explanation.verdict.passed:
        return
    if session.state is not State.RUNNING:
        if explanation.report is None or not explanation.report.complete:
            yield Action("Search longer for the token that broke it", SEARCH_LONGER, (uri,))
        if explanation.attribution is not None and explanation.faithfulness is None:
            yield Action("Check whether this map can be trusted", CHECK, (uri,))
        if explanation.generation is not None:
            yield Action("Where did the model lose the thread?", CURVE, (uri,))
    if explanation.attribution is not None:
        yield Action("Open the attribution graph", GRAPH, (uri,))
        if sibling is not None:
            yield Action(f"Compare with the sibling model {sibling}", COMPARE, (uri,))
    if explanation.generation is not None and explanation.generation.form is Form.CHAT:
        yield Action("Open the prompt as the model saw it", OPEN_PROMPT, (uri,))
    yield Action("Copy a report to share", REPORT, (uri,))


def _change(pair: ContrastPair) -> str:
    return f"{wording.visible(pair.target.text)} → {wording.visible(pair.contrast.text)}"


def _choice(snapshot: Snapshot, position: int, contrast: int) -> tuple[Any, ...]:
    """Arguments that name a choice; positions are tokens, so the version must be named, too."""
    return snapshot.uri, {
        "version": snapshot.version,
        "position": position,
        "contrast": contrast,
    }


def difference(old: str, new: str) -> Replacement:
    """The smallest single replacement; whole lines of an editor's view stay where they are."""
    start = shared_start(old, new)
    end = min(shared_start(old[::-1], new[::-1]), min(len(old), len(new)) - start)
    start -= _inside_line_end(old, start)
    end -= _inside_line_end(old, len(old) - end)
    return Replacement(Span(start, len(old) - end), new[start : len(new) - end])


def _inside_line_end(text: str, offset: int) -> bool:
    """No position names the place between the two characters of a line end."""
    return text[offset - 1 : offset + 1] == "\r\n" if offset > 0 else False

"""What can be done at a place of an explained sample."""

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from attribution.schema import ContrastPair, Form, Role
from lsp_server.documents.differences import Replacement, smallest_replacement
from lsp_server.documents.snapshot import Snapshot
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
from lsp_server.state.choices import other_choices
from lsp_server.state.explanation import same_choice
from lsp_server.state.session import Session, SessionState
from lsp_server.state.tokens import tokens_at

_MAX_CHOICES = 5


@frozen
class CodeAction:
    """Either an edit or a command."""

    title: str
    command: str = ""
    arguments: tuple[Any, ...] = ()
    edit: Replacement | None = None
    resolves: bool = True  # an edit: the diagnostics there


def code_actions(
    snapshot: Snapshot, session: Session, selected: Span, sibling: str | None = None
) -> list[CodeAction]:
    """Those for the selected place first, then those for the whole sample.

    `sibling` names the model to compare with.
    """
    return [
        *_repair_actions(snapshot, session, selected),
        *_choice_actions(snapshot, session, selected),
        *_proved_pair_actions(snapshot, session),
        *_sample_actions(snapshot, session, sibling),
    ]


def _repair_actions(snapshot: Snapshot, session: Session, selected: Span) -> Iterator[CodeAction]:
    """The edit that makes the tests pass, on the line of the faulty token."""
    pair, span = session.explanation.pair, session.view.pair_span
    if pair is None or pair.repaired_program is None or span is None or not snapshot.editable:
        return
    line = snapshot.lines.span(snapshot.lines.position(span.start)[0])
    if Span(line.start, max(line.end, span.end)).touches(selected):
        yield CodeAction(
            f"Apply the repair: {_change(pair)} (the tests pass)",
            edit=smallest_replacement(snapshot.text, pair.repaired_program),
        )


def _choice_actions(snapshot: Snapshot, session: Session, selected: Span) -> Iterator[CodeAction]:
    """Other choices that the model had at the selected token."""
    generation, pair = session.explanation.generation, session.explanation.pair
    if generation is None:
        return
    indices = tokens_at(generation, selected.start)
    written = [k for k in indices if generation.tokens[k].role is Role.OUTPUT]
    for index in written[-1:]:
        is_target = pair is not None and pair.position == index
        target = wording.visible(generation.tokens[index].text)
        for choice in other_choices(generation, index)[: _MAX_CHOICES if is_target else 1]:
            if pair is not None and is_target and choice.id == pair.contrast.id:
                continue
            contrast = f"{wording.visible(choice.text)} ({choice.probability:.1%})"
            verb = "Explain" if is_target else "Choose as target:"
            yield CodeAction(
                f"{verb} {target} against {contrast}",
                ATTRIBUTE,
                _pair_arguments(snapshot, index, choice.id),
            )


def _proved_pair_actions(snapshot: Snapshot, session: Session) -> Iterator[CodeAction]:
    """Proved pairs that are not the one that is shown; repairs may share their first token."""
    shown = session.explanation.pair
    offered = [] if shown is None else [shown]
    for pair in session.explanation.pairs:
        if not any(same_choice(pair, other) for other in offered):
            offered.append(pair)
            yield CodeAction(
                f"Explain the proved pair: {_change(pair)}",
                ATTRIBUTE,
                _pair_arguments(snapshot, pair.position, pair.contrast.id),
            )


def _sample_actions(
    snapshot: Snapshot, session: Session, sibling: str | None
) -> Iterator[CodeAction]:
    explanation, uri = session.explanation, snapshot.uri
    if explanation.verdict is None or explanation.verdict.passed:
        return
    if session.state is not SessionState.RUNNING:
        if explanation.search is None or not explanation.search.complete:
            yield CodeAction("Search longer for the token that broke it", SEARCH_LONGER, (uri,))
        if explanation.attribution is not None and explanation.faithfulness is None:
            yield CodeAction("Check the faithfulness of this map", CHECK, (uri,))
        if explanation.generation is not None:
            yield CodeAction("Where did the model lose the thread?", CURVE, (uri,))
    if explanation.attribution is not None:
        yield CodeAction("Open the attribution graph", GRAPH, (uri,))
        if sibling is not None:
            yield CodeAction(f"Compare with the sibling model {sibling}", COMPARE, (uri,))
    if explanation.generation is not None and explanation.generation.form is Form.CHAT:
        yield CodeAction("Open the prompt as the model saw it", OPEN_PROMPT, (uri,))
    yield CodeAction("Copy a report to share", REPORT, (uri,))


def _change(pair: ContrastPair) -> str:
    return f"{wording.visible(pair.target.text)} → {wording.visible(pair.contrast.text)}"


def _pair_arguments(snapshot: Snapshot, position: int, contrast: int) -> tuple[Any, ...]:
    """Arguments that name a pair; positions are tokens, so the version must be named, too."""
    return snapshot.uri, {
        "version": snapshot.version,
        "position": position,
        "contrast": contrast,
    }

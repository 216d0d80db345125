"""Code lenses: the outcome of a sample above its code, and what can be done about it."""

from typing import Any

from attrs import frozen

from attribution.schema import Faithfulness
from lsp_server import words
from lsp_server.documents import Snapshot, first_definition
from lsp_server.explanation import Explanation
from lsp_server.names import CANCEL, CHECK, EXPLAIN, OPEN_SAMPLE, REPORT, SHOW_FAULT
from lsp_server.positions import Span
from lsp_server.rows import samples_of
from lsp_server.session import Session, Sessions, State


@frozen
class Lens:
    """A title that can be clicked."""

    span: Span
    title: str
    command: str
    arguments: tuple[Any, ...]


def lenses(document: Snapshot, sessions: Sessions) -> list[Lens]:
    """None for a document that is neither a sample nor has some."""
    found = [lens for row in samples_of(document).samples for lens in _of_row(row, sessions)]
    session = sessions.get(document)
    if session is not None and session.task_id is not None:
        found += _of_sample(document, session)
    return found


def _of_sample(document: Snapshot, session: Session) -> list[Lens]:
    start = first_definition(document.text)
    span, arguments = Span(start, start), (document.uri,)
    explanation = session.explanation
    found = [Lens(span, *_outcome(session, arguments, SHOW_FAULT))]
    if session.state is State.RUNNING:
        found.append(Lens(span, "Explaining … click to stop", CANCEL, arguments))
    elif explanation.faithfulness is not None:
        found.append(Lens(span, _trust(explanation.faithfulness), REPORT, arguments))
    elif explanation.attribution is not None:
        found.append(Lens(span, "Check faithfulness", CHECK, arguments))
    return found


def _of_row(row: Snapshot, sessions: Sessions) -> list[Lens]:
    if row.row is None:
        return []
    span, arguments = row.row.span, (row.document, {"line": row.row.line})
    session = sessions.get(row) or Session(row, row.task_id)
    title, command, _ = _outcome(session, arguments, EXPLAIN)
    if session.state is State.RUNNING:
        title = f"{title} · explaining …"
    return [
        Lens(span, f"{row.task_id}: {title}", command, arguments),
        Lens(span, "Open as a sample", OPEN_SAMPLE, arguments),
    ]


def _outcome(
    session: Session, arguments: tuple[Any, ...], known: str
) -> tuple[str, str, tuple[Any, ...]]:
    """Title, command and arguments; `known` is the command once a pair is known."""
    explanation: Explanation = session.explanation
    if session.state is State.REFUSED:
        return "Not explained: the workspace is not trusted", EXPLAIN, arguments
    if explanation.verdict is None:
        return "Explain why it fails", EXPLAIN, arguments
    command = EXPLAIN if explanation.pair is None else known
    return words.outcome(explanation.verdict, explanation.pair), command, arguments


def _trust(found: Faithfulness) -> str:
    figures = [
        f"{words.number(one.spearman.value)} ({one.measured} of {one.of} tokens)"
        for one in found.agreements
    ]
    return "Trust: rank correlation with interventions " + ", ".join(figures)

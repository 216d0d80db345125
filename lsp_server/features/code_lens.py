"""Code lenses: the outcome of a sample above its code, and what can be done about it."""

from typing import Any

from attrs import frozen

from attribution.schema import Faithfulness, Form, doctest_function, doctest_id
from lsp_server.documents.store import Snapshot, first_definition
from lsp_server.documents.tasks import functions_with_examples
from lsp_server.protocol.names import (
    CANCEL,
    CHECK,
    EXPLAIN,
    OPEN_PROMPT,
    OPEN_SAMPLE,
    REPORT,
    SHOW_FAULT,
)
from lsp_server.protocol.positions import Span
from lsp_server.state import wording
from lsp_server.state.counterfactual import sentence
from lsp_server.state.explanation import Explanation
from lsp_server.state.session import Session, Sessions, State
from lsp_server.state.settings import Run

_UNKNOWN = "Explain why it fails"


@frozen
class Lens:
    """A title that can be clicked."""

    span: Span
    title: str
    command: str
    arguments: tuple[Any, ...]


LENSES_OF_A_ROW = 2


def lenses(document: Snapshot, sessions: Sessions, run: Run) -> list[Lens]:
    """None for a document that is neither a sample nor has functions with examples.

    `run` says what is explained without being asked.
    """
    found: list[Lens] = []
    session = sessions.get(document)
    task_id = session.task_id if session else None
    if session is not None and task_id is not None:
        found += _of_sample(document, session, run)
    judged = doctest_function(task_id) if task_id else None
    if task_id is None or judged is not None:
        found += _of_examples(document, judged)
    return found


def _of_examples(document: Snapshot, judged: str | None) -> list[Lens]:
    """For each function with examples but the one that is judged by its own."""
    return [
        Lens(
            function.span,
            f"Run the examples of {function.name}, explain a failure",
            EXPLAIN,
            (document.uri, {"taskId": doctest_id(function.name)}),
        )
        for function in functions_with_examples(document)
        if function.name != judged
    ]


def _of_sample(document: Snapshot, session: Session, run: Run) -> list[Lens]:
    start = first_definition(document.text)
    span, arguments = Span(start, start), (document.uri,)
    explanation = session.explanation
    found = [outcome_lens(span, session, arguments, run), *edit_lens(span, session, arguments)]
    if session.state is State.RUNNING and explanation.verdict is not None:
        found.append(_stop_lens(span, arguments))
    elif explanation.faithfulness is not None:
        found.append(Lens(span, _trust(explanation.faithfulness), REPORT, arguments))
    elif explanation.attribution is not None:
        found.append(Lens(span, "Check faithfulness", CHECK, arguments))
    if explanation.generation is not None and explanation.generation.form is Form.CHAT:
        found.append(Lens(span, "Open prompt", OPEN_PROMPT, arguments))
    return found


def outcome_lens(span: Span, session: Session, arguments: tuple[Any, ...], run: Run) -> Lens:
    """The outcome of a sample, or what leads to it; `arguments` name the sample."""
    if session.explanation.verdict is None and session.state is State.RUNNING:
        return _stop_lens(span, arguments)
    if _follows(session, run):
        return Lens(span, "Edited; the tests follow", EXPLAIN, arguments)
    return Lens(span, *_outcome(session, SHOW_FAULT), arguments)


def _stop_lens(span: Span, arguments: tuple[Any, ...]) -> Lens:
    return Lens(span, "Explaining … click to stop", CANCEL, arguments)


def _follows(session: Session, run: Run) -> bool:
    """Whether an edited sample is explained as soon as nobody types any more."""
    return session.state is State.IDLE and session.baseline is not None and run >= Run.TYPE


def edit_lens(span: Span, session: Session, arguments: tuple[Any, ...]) -> list[Lens]:
    """What an edit did to the choice that was explained before; none where there was none."""
    line = sentence(session.baseline, wording.visible)
    return [] if line is None else [Lens(span, line, SHOW_FAULT, arguments)]


def lenses_of_row(row: Snapshot, sessions: Sessions) -> list[Lens]:
    """LENSES_OF_A_ROW of them for each sample of a samples file, which may have thousands."""
    if row.row is None:
        return []
    span, arguments = row.row.span, (row.document, {"line": row.row.line})
    session = sessions.get(row)  # none for most of them
    title, command = _outcome(session, EXPLAIN) if session else (_UNKNOWN, EXPLAIN)
    if session is not None and session.state is State.RUNNING:
        title = f"{title} · explaining …" if session.explanation.verdict else "Explaining …"
    return [
        Lens(span, f"{row.task_id}: {title}", command, arguments),
        Lens(span, "Open as a sample", OPEN_SAMPLE, arguments),
    ]


def _outcome(session: Session, known: str) -> tuple[str, str]:
    """Title and command; `known` is the command once a pair is known."""
    explanation: Explanation = session.explanation
    if session.state is State.REFUSED:
        return "Not explained: the workspace is not trusted", EXPLAIN
    if explanation.verdict is None:
        return _UNKNOWN, EXPLAIN
    command = EXPLAIN if explanation.pair is None else known
    return wording.outcome(explanation.verdict, explanation.pair), command


def _trust(found: Faithfulness) -> str:
    figures = [
        f"{wording.number(one.spearman.value)} ({one.measured} of {one.of} tokens)"
        for one in found.agreements
    ]
    return "Trust: rank correlation with interventions " + ", ".join(figures)

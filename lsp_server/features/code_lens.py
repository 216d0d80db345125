"""Code lenses: the outcome of a sample above its code, and what can be done about it."""

from typing import Any

from attrs import frozen

from attribution.schema import Faithfulness, Form, doctest_function, doctest_id
from lsp_server.documents.doctests import functions_with_examples
from lsp_server.documents.outline import first_definition
from lsp_server.documents.snapshot import Snapshot
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
from lsp_server.state import counterfactual, wording
from lsp_server.state.session import Session, SessionState
from lsp_server.state.sessions import Sessions
from lsp_server.state.settings import Run

_UNKNOWN = "Explain why it fails"


@frozen
class Lens:
    """A title that can be clicked."""

    span: Span
    title: str
    command: str
    arguments: tuple[Any, ...]


LENSES_PER_LINE = 2


def lenses_of(document: Snapshot, sessions: Sessions, run: Run) -> list[Lens]:
    """Empty for a document that is neither a sample nor has functions with examples.

    `run` says what is explained without being asked.
    """
    lenses: list[Lens] = []
    session = sessions.get(document)
    task_id = session.task_id if session else None
    if session is not None and task_id is not None:
        lenses += _sample_lenses(document, session, run)
    judged = doctest_function(task_id) if task_id else None
    if task_id is None or judged is not None:
        lenses += _doctest_lenses(document, judged)
    return lenses


def _doctest_lenses(document: Snapshot, judged: str | None) -> list[Lens]:
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


def _sample_lenses(document: Snapshot, session: Session, run: Run) -> list[Lens]:
    start = first_definition(document.text)
    span, arguments = Span(start, start), (document.uri,)
    explanation = session.explanation
    lenses = [outcome_lens(span, session, arguments, run), *edit_lenses(span, session, arguments)]
    if session.state is SessionState.RUNNING and explanation.verdict is not None:
        lenses.append(_stop_lens(span, arguments))
    elif explanation.faithfulness is not None:
        title = _describe_faithfulness(explanation.faithfulness)
        lenses.append(Lens(span, title, REPORT, arguments))
    elif explanation.attribution is not None:
        lenses.append(Lens(span, "Check faithfulness", CHECK, arguments))
    if explanation.generation is not None and explanation.generation.form is Form.CHAT:
        lenses.append(Lens(span, "Open prompt", OPEN_PROMPT, arguments))
    return lenses


def outcome_lens(span: Span, session: Session, arguments: tuple[Any, ...], run: Run) -> Lens:
    """The outcome of a sample, or what leads to it; `arguments` name the sample."""
    if session.explanation.verdict is None and session.state is SessionState.RUNNING:
        return _stop_lens(span, arguments)
    if _will_run(session, run):
        return Lens(span, "Edited; the tests follow", EXPLAIN, arguments)
    return Lens(span, *_outcome(session, SHOW_FAULT), arguments)


def _stop_lens(span: Span, arguments: tuple[Any, ...]) -> Lens:
    return Lens(span, "Explaining … click to stop", CANCEL, arguments)


def _will_run(session: Session, run: Run) -> bool:
    """Whether an edited sample is explained as soon as nobody types any more."""
    edited = session.state is SessionState.IDLE and session.baseline is not None
    return edited and run >= Run.TYPE


def edit_lenses(span: Span, session: Session, arguments: tuple[Any, ...]) -> list[Lens]:
    """What an edit did to the choice that was explained before; empty where there was none."""
    text = counterfactual.describe(session.baseline, wording.visible)
    return [] if text is None else [Lens(span, text, SHOW_FAULT, arguments)]


def sample_line_lenses(sample: Snapshot, sessions: Sessions) -> list[Lens]:
    """LENSES_PER_LINE of them for each sample of a samples file, which may have thousands."""
    line = sample.sample_line
    if line is None:
        return []
    arguments = (line.document, {"line": line.number})
    session = sessions.get(sample)  # None for most of them
    title, command = _outcome(session, EXPLAIN) if session else (_UNKNOWN, EXPLAIN)
    if session is not None and session.state is SessionState.RUNNING:
        title = f"{title} · explaining …" if session.explanation.verdict else "Explaining …"
    return [
        Lens(line.span, f"{sample.task_id}: {title}", command, arguments),
        Lens(line.span, "Open as a sample", OPEN_SAMPLE, arguments),
    ]


def _outcome(session: Session, show: str) -> tuple[str, str]:
    """Title and command; `show` is the command once a pair is known."""
    explanation = session.explanation
    if session.state is SessionState.REFUSED:
        return "Not explained: the workspace is not trusted", EXPLAIN
    if explanation.verdict is None:
        return _UNKNOWN, EXPLAIN
    command = EXPLAIN if explanation.pair is None else show
    return wording.describe_outcome(explanation.verdict, explanation.pair), command


def _describe_faithfulness(faithfulness: Faithfulness) -> str:
    correlations = [
        f"{wording.number(agreement.spearman.value)} "
        f"({agreement.measured} of {agreement.of} tokens)"
        for agreement in faithfulness.agreements
    ]
    return "Faithfulness: rank correlation with interventions " + ", ".join(correlations)

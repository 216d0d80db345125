"""What is shown on the prompt of a sample where it is a document of its own."""

from attribution.schema import Document
from lsp_server.documents.prompts import Link
from lsp_server.documents.store import Snapshot
from lsp_server.features.code_actions import Action, difference
from lsp_server.features.code_lens import Lens, edit_lens, outcome_lens
from lsp_server.protocol.names import OPEN_CODE
from lsp_server.protocol.positions import Span
from lsp_server.state import wording
from lsp_server.state.counterfactual import sentence
from lsp_server.state.session import Session
from lsp_server.state.settings import Run, Thresholds
from lsp_server.state.views import Finding, Note, Severity


def prompt_findings(
    document: Snapshot, session: Session | None, thresholds: Thresholds
) -> list[Finding]:
    """The tokens of the prompt that pushed hardest, with a way to the choice that they pushed.

    `session` is of the code, read as the answer to this very prompt.
    """
    if session is None:
        return []
    return [*_edit(document, session), *_strongest(document, session, thresholds)]


def _edit(document: Snapshot, session: Session) -> list[Finding]:
    """What an edit did, in sight of who makes it."""
    baseline, line = session.baseline, sentence(session.baseline)
    if baseline is None or line is None:
        return []
    notes = (Note(baseline.span, "The choice that this is about.", elsewhere=True),)
    message = f"After the edit: {line}."
    return [Finding(document.lines.span(0), message, "counterfactual", Severity.INFORMATION, notes)]


def _strongest(document: Snapshot, session: Session, thresholds: Thresholds) -> list[Finding]:
    explanation, heat, place = session.explanation, session.view.heat, session.view.pair_span
    pair, generation = explanation.pair, explanation.generation
    if heat is None or pair is None or place is None or generation is None:
        return []
    if generation.prompt != document.text:
        return []
    strongest = heat.strongest(thresholds, (Document.PROMPT,))
    notes = [
        Note(
            one.span,
            f"{wording.token(document.text[one.span.start : one.span.end])} "
            f"{wording.push(pair, one.relevance, heat.total)}",
        )
        for one in strongest
    ]
    if not notes:
        return []
    choice = Note(place, wording.choice(pair, weak=session.view.weak), elsewhere=True)
    message = f"Of this prompt, this pushed hardest: {notes[0].message}."
    return [Finding(notes[0].span, message, "prompt", Severity.INFORMATION, (choice, *notes[1:]))]


def prompt_lenses(link: Link, session: Session | None, uri: str, run: Run) -> list[Lens]:
    top, arguments = Span(0, 0), (uri,)
    found = [Lens(top, "Open the code that answers this prompt", OPEN_CODE, arguments)]
    if session is not None:
        found.append(outcome_lens(top, session, (link.code,), run))
        found += edit_lens(top, session, (link.code,))
    return found


def prompt_actions(document: Snapshot, link: Link) -> list[Action]:
    found = [Action("Open the code that answers this prompt", OPEN_CODE, (document.uri,))]
    if link.edited(document.text) is not None:
        whole = difference(document.text, link.original)
        found.append(Action("Restore the prompt as the model saw it", edit=whole, solves=False))
    return found

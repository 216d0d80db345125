"""What is shown on the prompt of a sample where it is a document of its own."""

from attribution.schema import Document
from lsp_server.documents.differences import smallest_replacement
from lsp_server.documents.prompts import PromptLink
from lsp_server.documents.snapshot import Snapshot
from lsp_server.features.code_actions import CodeAction
from lsp_server.features.code_lens import Lens, edit_lenses, outcome_lens
from lsp_server.protocol.names import OPEN_CODE
from lsp_server.protocol.positions import Span
from lsp_server.state import counterfactual, wording
from lsp_server.state.editor_view import Diagnostic, RelatedInformation, Severity
from lsp_server.state.session import Session
from lsp_server.state.settings import Run, Thresholds


def prompt_diagnostics(
    document: Snapshot, session: Session | None, thresholds: Thresholds
) -> list[Diagnostic]:
    """The tokens of the prompt with the most relevance, with a way to the pair they are about.

    `session` is of the code, read as the answer to this very prompt.
    """
    if session is None:
        return []
    return [*_edit(document, session), *_strongest(document, session, thresholds)]


def _edit(document: Snapshot, session: Session) -> list[Diagnostic]:
    """What an edit did, in sight of who makes it."""
    baseline, text = session.baseline, counterfactual.describe(session.baseline)
    if baseline is None or text is None:
        return []
    choice = RelatedInformation(
        baseline.span, "The choice that this is about.", in_related_document=True
    )
    span, message = document.lines.span(0), f"After the edit: {text}."
    return [Diagnostic(span, message, "counterfactual", Severity.INFORMATION, (choice,))]


def _strongest(document: Snapshot, session: Session, thresholds: Thresholds) -> list[Diagnostic]:
    explanation, heat_map = session.explanation, session.view.heat_map
    pair, pair_span, generation = explanation.pair, session.view.pair_span, explanation.generation
    if heat_map is None or pair is None or pair_span is None or generation is None:
        return []
    if generation.prompt != document.text:
        return []
    related = [
        RelatedInformation(
            heat.span,
            f"{wording.token(document.text[slice(*heat.span)])} "
            f"{wording.describe_relevance(pair, heat.relevance, heat_map.total)}",
        )
        for heat in heat_map.strongest(thresholds, (Document.PROMPT,))
    ]
    if not related:
        return []
    first, *others = related
    about = wording.describe_pair(pair, weak=session.view.weak)
    choice = RelatedInformation(pair_span, about, in_related_document=True)
    message = f"Of this prompt, this pushed hardest: {first.message}."
    return [Diagnostic(first.span, message, "prompt", Severity.INFORMATION, (choice, *others))]


def prompt_lenses(link: PromptLink, session: Session | None, uri: str, run: Run) -> list[Lens]:
    top, arguments = Span(0, 0), (uri,)
    lenses = [Lens(top, "Open the code that answers this prompt", OPEN_CODE, arguments)]
    if session is not None:
        lenses.append(outcome_lens(top, session, (link.code,), run))
        lenses += edit_lenses(top, session, (link.code,))
    return lenses


def prompt_actions(document: Snapshot, link: PromptLink) -> list[CodeAction]:
    actions = [CodeAction("Open the code that answers this prompt", OPEN_CODE, (document.uri,))]
    if link.edited(document.text) is not None:
        edit = smallest_replacement(document.text, link.original)
        title = "Restore the prompt as the model saw it"
        actions.append(CodeAction(title, edit=edit, resolves=False))
    return actions

"""Requests of the client that are answered from what is known: nothing here waits or computes."""

from collections.abc import Iterator, Sequence

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from attribution.schema import Document
from lsp_server.documents.store import Snapshot
from lsp_server.features.code_actions import Action, actions
from lsp_server.features.code_lens import lenses, lenses_of_row
from lsp_server.features.hover import hover
from lsp_server.features.prompt_view import prompt_actions, prompt_lenses
from lsp_server.features.semantic_tokens import hints, semantic_tokens
from lsp_server.features.symbols import prompt_symbols, symbols
from lsp_server.features.to_lsp import (
    SOURCE,
    to_action,
    to_command,
    to_diagnostics,
    to_hint,
    to_hover,
    to_lens,
    to_lenses_later,
    to_range,
    to_symbol,
    which_lens,
)
from lsp_server.handlers.window import TokenBlameServer
from lsp_server.protocol.positions import Span
from lsp_server.state.samples_file import samples_of
from lsp_server.state.session import Session


def _known(
    ls: TokenBlameServer, document: lsp.TextDocumentIdentifier
) -> tuple[Snapshot, Session] | None:
    """The latest version of a document, and what is known about that very version."""
    snapshot = ls.explainer.documents.get(document.uri)
    session = ls.explainer.sessions.get(snapshot) if snapshot else None
    return (snapshot, session) if snapshot and session else None


def _span(snapshot: Snapshot, place: lsp.Range) -> Span:
    ends = [snapshot.lines.offset(at.line, at.character) for at in (place.start, place.end)]
    return Span(min(ends), max(ends))


def _read(
    ls: TokenBlameServer, document: lsp.TextDocumentIdentifier
) -> tuple[Snapshot, Session, Document] | None:
    """As `_known`, and of a prompt document what is known about the code that answers it."""
    snapshot = ls.explainer.documents.get(document.uri)
    if snapshot is None or ls.explainer.prompts.link(document.uri) is None:
        known = _known(ls, document)
        return (*known, Document.CODE) if known else None
    session = ls.explainer.display.answer(snapshot)
    generation = session.explanation.generation if session else None
    if session is None or generation is None or generation.prompt != snapshot.text:
        return None
    return snapshot, session, Document.PROMPT


def text_hover(ls: TokenBlameServer, params: lsp.HoverParams) -> lsp.Hover | None:
    if (known := _read(ls, params.text_document)) is None:
        return None
    snapshot, session, where = known
    offset = snapshot.lines.offset(params.position.line, params.position.character)
    found = hover(session.explanation, session.view, offset, where)
    return to_hover(snapshot, found) if found else None


def code_lens(ls: TokenBlameServer, params: lsp.CodeLensParams) -> list[lsp.CodeLens]:
    if (snapshot := ls.explainer.documents.get(params.text_document.uri)) is None:
        return []
    run = ls.explainer.conditions.settings.run
    if (link := ls.explainer.prompts.link(snapshot.uri)) is not None:
        found = prompt_lenses(link, ls.explainer.display.answer(snapshot), snapshot.uri, run)
    else:
        found = lenses(snapshot, ls.explainer.sessions, run)
    return [*_row_lenses(ls, snapshot), *(to_lens(snapshot, lens) for lens in found)]


def _row_lenses(ls: TokenBlameServer, snapshot: Snapshot) -> Iterator[lsp.CodeLens]:
    """They are asked for after every edit: what is not in sight had better not be told."""
    file = samples_of(snapshot)
    if ls.editor.resolves_lenses:
        for line, name in file.places:
            yield from to_lenses_later(snapshot, line, name)
    else:
        for row in file:
            for lens in lenses_of_row(row, ls.explainer.sessions):
                yield to_lens(snapshot, lens)


def code_lens_resolve(ls: TokenBlameServer, lens: lsp.CodeLens) -> lsp.CodeLens:
    """A lens of a row that came into sight; as it is where there is no such row any more."""
    if (which := which_lens(lens.data)) is None:
        raise JsonRpcInvalidParams("This lens is not of this server.")
    uri, line, number = which
    snapshot = ls.explainer.documents.get(uri)
    row = samples_of(snapshot).at(line) if snapshot else None
    if row is None:
        return lens
    told = lenses_of_row(row, ls.explainer.sessions)[number]
    return lsp.CodeLens(lens.range, to_command(told), lens.data)


def definition(ls: TokenBlameServer, params: lsp.DefinitionParams) -> lsp.Location | None:
    """Of a prompt: the token that the model chose for it."""
    snapshot = ls.explainer.documents.get(params.text_document.uri)
    if snapshot is None or ls.explainer.prompts.link(snapshot.uri) is None:
        return None  # other servers know what the names of a program mean
    session = ls.explainer.display.answer(snapshot)
    if session is None or (span := session.fault) is None:
        return None
    code = session.snapshot
    return lsp.Location(code.uri, to_range(code.lines, span))


def code_action(
    ls: TokenBlameServer, params: lsp.CodeActionParams
) -> list[lsp.CodeAction | lsp.Command]:
    if (snapshot := ls.explainer.documents.get(params.text_document.uri)) is None:
        return []
    versioned = ls.editor.supports("workspace.workspace_edit.document_changes")
    found = _actions(ls, snapshot, params.range)
    ours = [one for one in params.context.diagnostics if one.source == SOURCE]
    offered = [to_action(snapshot, action, ours, versioned=versioned) for action in found]
    wanted = [one for one in offered if _wanted(one, params.context.only)]
    if ls.editor.supports("text_document.code_action.code_action_literal_support"):
        return list(wanted)
    return [one.command for one in wanted if one.command is not None]


def _actions(ls: TokenBlameServer, snapshot: Snapshot, place: lsp.Range) -> list[Action]:
    if (link := ls.explainer.prompts.link(snapshot.uri)) is not None:
        return prompt_actions(snapshot, link)
    if (session := ls.explainer.sessions.get(snapshot)) is None:
        return []
    sibling = ls.explainer.conditions.settings.sibling
    return actions(snapshot, session, _span(snapshot, place), sibling)


def _wanted(action: lsp.CodeAction, only: Sequence[lsp.CodeActionKind | str] | None) -> bool:
    """Kinds form a hierarchy: "refactor" includes "refactor.inline", and "" everything."""
    kind = _name(action.kind or "")
    asked = None if only is None else [_name(one) for one in only]
    return asked is None or any(not one or f"{kind}.".startswith(f"{one}.") for one in asked)


def _name(kind: lsp.CodeActionKind | str) -> str:
    return kind.value if isinstance(kind, lsp.CodeActionKind) else kind


def document_symbol(
    ls: TokenBlameServer, params: lsp.DocumentSymbolParams
) -> list[lsp.DocumentSymbol]:
    known = _read(ls, params.text_document)
    if known is None or known[1].task_id is None:
        return []  # other servers know more about an ordinary file
    snapshot, session, where = known
    of_code = where is Document.CODE
    found = symbols(snapshot, session) if of_code else prompt_symbols(session)
    return [to_symbol(snapshot, symbol) for symbol in found]


def diagnostic(
    ls: TokenBlameServer, params: lsp.DocumentDiagnosticParams
) -> lsp.RelatedFullDocumentDiagnosticReport:
    snapshot = ls.explainer.documents.get(params.text_document.uri)
    if snapshot is None:
        return lsp.RelatedFullDocumentDiagnosticReport([])
    findings = ls.explainer.display.findings(snapshot)
    related = ls.editor.supports("text_document.diagnostic.related_information")
    other = ls.explainer.display.other(snapshot) if related else None
    shown = to_diagnostics(snapshot, findings, related=related, other=other)
    return lsp.RelatedFullDocumentDiagnosticReport(shown.diagnostics)


def inlay_hint(ls: TokenBlameServer, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
    known, settings = _read(ls, params.text_document), ls.explainer.conditions.settings
    if known is None or not settings.hints:
        return []
    snapshot, session, where = known
    found = hints(session, settings.thresholds, _span(snapshot, params.range), where)
    return [to_hint(snapshot, hint) for hint in found]


def semantic_tokens_full(
    ls: TokenBlameServer, params: lsp.SemanticTokensParams
) -> lsp.SemanticTokens:
    known, settings = _read(ls, params.text_document), ls.explainer.conditions.settings
    if known is None or not settings.semantic_tokens:
        return lsp.SemanticTokens([])
    snapshot, session, where = known
    data = semantic_tokens(snapshot, session.view.heat, settings.thresholds, where)
    return lsp.SemanticTokens(data)

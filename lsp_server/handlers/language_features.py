"""Requests of the client that are answered from what is known: nothing here waits or computes."""

from collections.abc import Iterator, Sequence

from attrs import frozen
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from attribution.schema import Document
from lsp_server.documents.samples_file import samples_of
from lsp_server.documents.snapshot import Snapshot
from lsp_server.features.code_actions import CodeAction, code_actions
from lsp_server.features.code_lens import lenses_of, sample_line_lenses
from lsp_server.features.hover import hover_at
from lsp_server.features.inlay_hints import inlay_hints
from lsp_server.features.prompt_document import prompt_actions, prompt_lenses
from lsp_server.features.semantic_tokens import semantic_tokens
from lsp_server.features.symbols import code_symbols, prompt_symbols
from lsp_server.features.to_lsp import (
    SOURCE,
    parse_lens_data,
    to_action,
    to_command,
    to_diagnostics,
    to_hint,
    to_hover,
    to_lens,
    to_range,
    to_symbol,
    to_unresolved_lenses,
)
from lsp_server.handlers.window import TokenBlameServer
from lsp_server.protocol.positions import Span
from lsp_server.state.session import Session


@frozen
class _ShownDocument:
    """The latest version of a document, and the session whose results are shown in it."""

    snapshot: Snapshot
    session: Session  # of a prompt document: that of the code that answers it
    document: Document


def _shown_document(
    ls: TokenBlameServer, identifier: lsp.TextDocumentIdentifier
) -> _ShownDocument | None:
    """None where nothing is known about the version that is open."""
    snapshot = ls.documents.get(identifier.uri)
    if snapshot is None:
        return None
    if ls.prompts.link(identifier.uri) is None:
        session = ls.sessions.get(snapshot)
        return _ShownDocument(snapshot, session, Document.CODE) if session else None
    session = ls.publisher.session_for_prompt(snapshot)
    generation = session.explanation.generation if session else None
    if session is None or generation is None or generation.prompt != snapshot.text:
        return None
    return _ShownDocument(snapshot, session, Document.PROMPT)


def _span(snapshot: Snapshot, selection: lsp.Range) -> Span:
    positions = (selection.start, selection.end)
    ends = [snapshot.lines.offset(position.line, position.character) for position in positions]
    return Span(min(ends), max(ends))


def text_hover(ls: TokenBlameServer, params: lsp.HoverParams) -> lsp.Hover | None:
    if (shown := _shown_document(ls, params.text_document)) is None:
        return None
    position, session = params.position, shown.session
    offset = shown.snapshot.lines.offset(position.line, position.character)
    hover = hover_at(session.explanation, session.view, offset, shown.document)
    return to_hover(shown.snapshot, hover) if hover else None


def code_lens(ls: TokenBlameServer, params: lsp.CodeLensParams) -> list[lsp.CodeLens]:
    if (snapshot := ls.documents.get(params.text_document.uri)) is None:
        return []
    run = ls.settings.run
    if (link := ls.prompts.link(snapshot.uri)) is not None:
        session = ls.publisher.session_for_prompt(snapshot)
        lenses = prompt_lenses(link, session, snapshot.uri, run)
    else:
        lenses = lenses_of(snapshot, ls.sessions, run)
    return [*_sample_line_lenses(ls, snapshot), *(to_lens(snapshot, lens) for lens in lenses)]


def _sample_line_lenses(ls: TokenBlameServer, snapshot: Snapshot) -> Iterator[lsp.CodeLens]:
    """They are asked for after every edit: what is not in sight is left to be resolved later."""
    samples = samples_of(snapshot)
    if ls.editor.resolves_lenses:
        for number, name in samples.names:
            yield from to_unresolved_lenses(snapshot, number, name)
    else:
        for sample in samples:
            for lens in sample_line_lenses(sample, ls.sessions):
                yield to_lens(snapshot, lens)


def code_lens_resolve(ls: TokenBlameServer, lens: lsp.CodeLens) -> lsp.CodeLens:
    """A lens of a sample line that came into sight; as it is where that line is no sample now."""
    if (data := parse_lens_data(lens.data)) is None:
        raise JsonRpcInvalidParams("This lens is not of this server.")
    uri, line, number = data
    snapshot = ls.documents.get(uri)
    sample = samples_of(snapshot).at(line) if snapshot else None
    if sample is None:
        return lens
    resolved = sample_line_lenses(sample, ls.sessions)[number]
    return lsp.CodeLens(lens.range, to_command(resolved), lens.data)


def definition(ls: TokenBlameServer, params: lsp.DefinitionParams) -> lsp.Location | None:
    """Of a prompt: the token that the model chose for it."""
    snapshot = ls.documents.get(params.text_document.uri)
    if snapshot is None or ls.prompts.link(snapshot.uri) is None:
        return None  # other servers know what the names of a program mean
    session = ls.publisher.session_for_prompt(snapshot)
    if session is None or (span := session.fault) is None:
        return None
    code = session.snapshot
    return lsp.Location(code.uri, to_range(code.lines, span))


def code_action(
    ls: TokenBlameServer, params: lsp.CodeActionParams
) -> list[lsp.CodeAction | lsp.Command]:
    if (snapshot := ls.documents.get(params.text_document.uri)) is None:
        return []
    versioned = ls.editor.supports("workspace.workspace_edit.document_changes")
    own = [diagnostic for diagnostic in params.context.diagnostics if diagnostic.source == SOURCE]
    offered = [
        to_action(snapshot, action, own, versioned=versioned)
        for action in _code_actions(ls, snapshot, params.range)
    ]
    wanted = [action for action in offered if _is_wanted(action, params.context.only)]
    if ls.editor.supports("text_document.code_action.code_action_literal_support"):
        return list(wanted)
    return [action.command for action in wanted if action.command is not None]


def _code_actions(
    ls: TokenBlameServer, snapshot: Snapshot, selection: lsp.Range
) -> list[CodeAction]:
    if (link := ls.prompts.link(snapshot.uri)) is not None:
        return prompt_actions(snapshot, link)
    if (session := ls.sessions.get(snapshot)) is None:
        return []
    return code_actions(snapshot, session, _span(snapshot, selection), ls.settings.sibling)


def _is_wanted(action: lsp.CodeAction, only: Sequence[lsp.CodeActionKind | str] | None) -> bool:
    """Kinds form a hierarchy: "refactor" includes "refactor.inline", and "" everything."""
    if only is None:
        return True
    kind, wanted = _name(action.kind or ""), map(_name, only)
    return any(not prefix or f"{kind}.".startswith(f"{prefix}.") for prefix in wanted)


def _name(kind: lsp.CodeActionKind | str) -> str:
    return kind.value if isinstance(kind, lsp.CodeActionKind) else kind


def document_symbol(
    ls: TokenBlameServer, params: lsp.DocumentSymbolParams
) -> list[lsp.DocumentSymbol]:
    shown = _shown_document(ls, params.text_document)
    if shown is None or shown.session.task_id is None:
        return []  # other servers know more about an ordinary file
    if shown.document is Document.CODE:
        symbols = code_symbols(shown.snapshot, shown.session)
    else:
        symbols = prompt_symbols(shown.session)
    return [to_symbol(shown.snapshot, symbol) for symbol in symbols]


def diagnostic(
    ls: TokenBlameServer, params: lsp.DocumentDiagnosticParams
) -> lsp.RelatedFullDocumentDiagnosticReport:
    snapshot = ls.documents.get(params.text_document.uri)
    if snapshot is None:
        return lsp.RelatedFullDocumentDiagnosticReport([])
    with_related = ls.editor.supports("text_document.diagnostic.related_information")
    other = ls.publisher.related_document(snapshot) if with_related else None
    shown = ls.publisher.diagnostics(snapshot)
    report = to_diagnostics(snapshot, shown, with_related=with_related, other=other)
    return lsp.RelatedFullDocumentDiagnosticReport(report.diagnostics)


def inlay_hint(ls: TokenBlameServer, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
    shown = _shown_document(ls, params.text_document)
    if shown is None or not ls.settings.hints:
        return []
    visible = _span(shown.snapshot, params.range)
    hints = inlay_hints(shown.session, ls.settings.thresholds, visible, shown.document)
    return [to_hint(shown.snapshot, hint) for hint in hints]


def semantic_tokens_full(
    ls: TokenBlameServer, params: lsp.SemanticTokensParams
) -> lsp.SemanticTokens:
    shown = _shown_document(ls, params.text_document)
    if shown is None or not ls.settings.semantic_tokens:
        return lsp.SemanticTokens([])
    heat_map, thresholds = shown.session.view.heat_map, ls.settings.thresholds
    data = semantic_tokens(shown.snapshot, heat_map, thresholds, shown.document)
    return lsp.SemanticTokens(data)

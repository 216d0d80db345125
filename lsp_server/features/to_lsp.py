"""From views to what travels over LSP; the only place where offsets become positions of LSP."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from lsprotocol import types as lsp

from lsp_server.documents.outline import SectionKind
from lsp_server.documents.snapshot import RelatedDocument, Snapshot
from lsp_server.features.code_actions import CodeAction
from lsp_server.features.code_lens import LENSES_PER_LINE, Lens
from lsp_server.features.hover import Hover
from lsp_server.features.inlay_hints import InlayHint
from lsp_server.features.symbols import Symbol
from lsp_server.protocol.positions import LineIndex, Position, Span
from lsp_server.state.editor_view import Diagnostic, Severity

SOURCE = "tokenblame"
_LENS_DATA = re.compile(rf"([0-{LENSES_PER_LINE - 1}]) (\d+) (.+)")
CODE_ACTION_KIND = "tokenblame"  # of code actions that run a command and change no text

_SYMBOL_KIND = {
    SectionKind.PROMPT: lsp.SymbolKind.Namespace,
    SectionKind.WRITTEN: lsp.SymbolKind.Namespace,
    SectionKind.TEMPLATE: lsp.SymbolKind.Constant,
    SectionKind.INSTRUCTION: lsp.SymbolKind.String,
    SectionKind.TOP_LEVEL: lsp.SymbolKind.Module,
    SectionKind.SIGNATURE: lsp.SymbolKind.Function,
    SectionKind.DOCSTRING: lsp.SymbolKind.String,
    SectionKind.BODY: lsp.SymbolKind.Object,
}

_SEVERITY = {
    Severity.ERROR: lsp.DiagnosticSeverity.Error,
    Severity.WARNING: lsp.DiagnosticSeverity.Warning,
    Severity.INFORMATION: lsp.DiagnosticSeverity.Information,
}


def to_range(lines: LineIndex, span: Span) -> lsp.Range:
    start, end = lines.position(span.start), lines.position(span.end)
    return lsp.Range(lsp.Position(*start), lsp.Position(*end))


def to_diagnostics(
    document: Snapshot,
    diagnostics: Iterable[Diagnostic],
    *,
    with_related: bool,
    other: RelatedDocument | None = None,
) -> lsp.PublishDiagnosticsParams:
    """All diagnostics of one version; `with_related` where the client shows related information.

    `other` is the other document of the sample, which related information may point to.
    """
    return lsp.PublishDiagnosticsParams(
        uri=document.uri,
        version=document.version,
        diagnostics=[
            _to_diagnostic(document, diagnostic, with_related, other) for diagnostic in diagnostics
        ],
    )


def _to_diagnostic(
    snapshot: Snapshot, diagnostic: Diagnostic, with_related: bool, other: RelatedDocument | None
) -> lsp.Diagnostic:
    own = RelatedDocument(snapshot.uri, snapshot.lines)
    related = [
        lsp.DiagnosticRelatedInformation(
            location=lsp.Location(document.uri, to_range(document.lines, information.span)),
            message=information.message,
        )
        for information in diagnostic.related
        if (document := other if information.in_related_document else own) is not None
    ]
    return lsp.Diagnostic(
        range=to_range(snapshot.lines, diagnostic.span),
        message=diagnostic.message,
        severity=_SEVERITY[diagnostic.severity],
        code=diagnostic.code,
        source=SOURCE,
        related_information=related if with_related and related else None,
    )


def to_hover(snapshot: Snapshot, hover: Hover) -> lsp.Hover:
    return lsp.Hover(
        contents=lsp.MarkupContent(lsp.MarkupKind.Markdown, hover.markdown),
        range=to_range(snapshot.lines, hover.span),
    )


def to_command(lens: Lens) -> lsp.Command:
    return lsp.Command(f"Token Blame: {lens.title}", lens.command, arguments=lens.arguments)


def to_lens(document: Snapshot, lens: Lens) -> lsp.CodeLens:
    return lsp.CodeLens(to_range(document.lines, lens.span), to_command(lens))


def to_unresolved_lenses(document: Snapshot, line: int, name: Span) -> tuple[lsp.CodeLens, ...]:
    """The lenses of a sample line until the client resolves them: where they are, and which."""
    lines = document.lines
    start, end = lines.position(name.start), lines.position(name.end)
    return _unresolved_lenses(document.uri, line, start, end)


@lru_cache(maxsize=1 << 12)  # most keystrokes move those of one line, of hundreds
def _unresolved_lenses(
    uri: str, line: int, start: Position, end: Position
) -> tuple[lsp.CodeLens, ...]:
    where = lsp.Range(lsp.Position(*start), lsp.Position(*end))
    numbers = range(LENSES_PER_LINE)
    # One string: of thousands of lenses, a list in each would take longer to write than the rest.
    return tuple(lsp.CodeLens(where, data=f"{number} {line} {uri}") for number in numbers)


def parse_lens_data(data: object) -> tuple[str, int, int] | None:
    """Uri, line and number of a lens made by `to_unresolved_lenses`; None for another."""
    match = _LENS_DATA.fullmatch(data) if isinstance(data, str) else None
    return (match[3], int(match[2]), int(match[1])) if match else None


def to_action(
    document: Snapshot, action: CodeAction, resolved: Sequence[lsp.Diagnostic], *, versioned: bool
) -> lsp.CodeAction:
    """`resolved`: diagnostics that an edit takes away; `versioned` where the client checks that."""
    if action.edit is None:
        command = lsp.Command(action.title, action.command, arguments=action.arguments)
        return lsp.CodeAction(action.title, kind=CODE_ACTION_KIND, command=command)
    edit = lsp.TextEdit(to_range(document.lines, action.edit.span), action.edit.text)
    return lsp.CodeAction(
        action.title,
        kind=lsp.CodeActionKind.QuickFix,
        diagnostics=resolved if action.resolves else None,
        is_preferred=action.resolves,
        edit=_to_edit(document, edit, versioned),
    )


def _to_edit(document: Snapshot, edit: lsp.TextEdit, versioned: bool) -> lsp.WorkspaceEdit:
    if not versioned:
        return lsp.WorkspaceEdit(changes={document.uri: [edit]})
    identifier = lsp.OptionalVersionedTextDocumentIdentifier(document.uri, document.version)
    return lsp.WorkspaceEdit(document_changes=[lsp.TextDocumentEdit(identifier, [edit])])


def to_hint(document: Snapshot, hint: InlayHint) -> lsp.InlayHint:
    at = lsp.Position(*document.lines.position(hint.offset))
    tooltip = lsp.MarkupContent(lsp.MarkupKind.Markdown, hint.tooltip)
    return lsp.InlayHint(at, hint.label, tooltip=tooltip)


def to_symbol(document: Snapshot, symbol: Symbol) -> lsp.DocumentSymbol:
    whole = to_range(document.lines, symbol.span)
    return lsp.DocumentSymbol(
        symbol.name,
        _SYMBOL_KIND[symbol.kind],
        whole,
        lsp.Range(whole.start, whole.start),
        detail=symbol.detail,
        children=[to_symbol(document, child) for child in symbol.children],
    )

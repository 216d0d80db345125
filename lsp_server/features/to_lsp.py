"""From views to what travels over LSP; the only place where offsets become positions of LSP."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from lsprotocol import types as lsp

from lsp_server.documents.outline import Kind
from lsp_server.documents.store import Place, Snapshot
from lsp_server.features.code_actions import Action
from lsp_server.features.code_lens import LENSES_OF_A_ROW, Lens
from lsp_server.features.hover import Hover
from lsp_server.features.semantic_tokens import Hint
from lsp_server.features.symbols import Symbol
from lsp_server.protocol.positions import LineIndex, Position, Span
from lsp_server.state.views import Finding, Severity

SOURCE = "tokenblame"
_LATER = re.compile(rf"([0-{LENSES_OF_A_ROW - 1}]) (\d+) (.+)")
ASKING = "tokenblame"  # the kind of code actions that ask and change no text

_SYMBOL = {
    Kind.PROMPT: lsp.SymbolKind.Namespace,
    Kind.WRITTEN: lsp.SymbolKind.Namespace,
    Kind.TEMPLATE: lsp.SymbolKind.Constant,
    Kind.INSTRUCTION: lsp.SymbolKind.String,
    Kind.TOP_LEVEL: lsp.SymbolKind.Module,
    Kind.SIGNATURE: lsp.SymbolKind.Function,
    Kind.DOCSTRING: lsp.SymbolKind.String,
    Kind.BODY: lsp.SymbolKind.Object,
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
    document: Snapshot, findings: Iterable[Finding], *, related: bool, other: Place | None = None
) -> lsp.PublishDiagnosticsParams:
    """All diagnostics of one version; `related` where the client shows related information.

    `other` is the other document of the sample, which notes may point to.
    """
    return lsp.PublishDiagnosticsParams(
        uri=document.uri,
        version=document.version,
        diagnostics=[_to_diagnostic(document, one, related, other) for one in findings],
    )


def _to_diagnostic(
    snapshot: Snapshot, finding: Finding, related: bool, other: Place | None
) -> lsp.Diagnostic:
    here = Place(snapshot.uri, snapshot.lines)
    places = [(note, other if note.elsewhere else here) for note in finding.notes]
    notes = [
        lsp.DiagnosticRelatedInformation(
            location=lsp.Location(place.uri, to_range(place.lines, note.span)),
            message=note.message,
        )
        for note, place in places
        if place is not None
    ]
    return lsp.Diagnostic(
        range=to_range(snapshot.lines, finding.span),
        message=finding.message,
        severity=_SEVERITY[finding.severity],
        code=finding.code,
        source=SOURCE,
        related_information=notes if related and notes else None,
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


def to_lenses_later(document: Snapshot, line: int, name: Span) -> tuple[lsp.CodeLens, ...]:
    """Those of a row before their client asks what they say: where they are, and which."""
    lines = document.lines
    return _lenses_later(document.uri, line, lines.position(name.start), lines.position(name.end))


@lru_cache(maxsize=1 << 12)  # most keystrokes move those of one line, of hundreds
def _lenses_later(uri: str, line: int, start: Position, end: Position) -> tuple[lsp.CodeLens, ...]:
    place = lsp.Range(lsp.Position(*start), lsp.Position(*end))
    numbers = range(LENSES_OF_A_ROW)
    # One string: of thousands of lenses, a list in each would take longer to write than the rest.
    return tuple(lsp.CodeLens(place, data=f"{number} {line} {uri}") for number in numbers)


def which_lens(data: object) -> tuple[str, int, int] | None:
    """Uri, line and number of a lens made by `to_lenses_later`; None for another."""
    found = _LATER.fullmatch(data) if isinstance(data, str) else None
    return (found[3], int(found[2]), int(found[1])) if found else None


def to_action(
    document: Snapshot, action: Action, solves: Sequence[lsp.Diagnostic], *, versioned: bool
) -> lsp.CodeAction:
    """`solves`: diagnostics that an edit takes away; `versioned` where the client checks that."""
    if action.edit is None:
        command = lsp.Command(action.title, action.command, arguments=action.arguments)
        return lsp.CodeAction(action.title, kind=ASKING, command=command)
    edit = lsp.TextEdit(to_range(document.lines, action.edit.span), action.edit.text)
    return lsp.CodeAction(
        action.title,
        kind=lsp.CodeActionKind.QuickFix,
        diagnostics=solves if action.solves else None,
        is_preferred=action.solves,
        edit=_to_edit(document, edit, versioned),
    )


def _to_edit(document: Snapshot, edit: lsp.TextEdit, versioned: bool) -> lsp.WorkspaceEdit:
    if not versioned:
        return lsp.WorkspaceEdit(changes={document.uri: [edit]})
    this = lsp.OptionalVersionedTextDocumentIdentifier(document.uri, document.version)
    return lsp.WorkspaceEdit(document_changes=[lsp.TextDocumentEdit(this, [edit])])


def to_hint(document: Snapshot, hint: Hint) -> lsp.InlayHint:
    at = lsp.Position(*document.lines.position(hint.offset))
    tooltip = lsp.MarkupContent(lsp.MarkupKind.Markdown, hint.tooltip)
    return lsp.InlayHint(at, hint.label, tooltip=tooltip)


def to_symbol(document: Snapshot, symbol: Symbol) -> lsp.DocumentSymbol:
    place = to_range(document.lines, symbol.span)
    return lsp.DocumentSymbol(
        symbol.name,
        _SYMBOL[symbol.kind],
        place,
        lsp.Range(place.start, place.start),
        detail=symbol.detail,
        children=[to_symbol(document, child) for child in symbol.children],
    )

"""The beginning and the end of a connection, and progress that its user cancels."""

from lsprotocol import types as lsp

from lsp_server.features.semantic_tokens import MODIFIERS, TOKEN_TYPE
from lsp_server.handlers import configuration, language_features
from lsp_server.handlers.window import TokenBlameServer
from lsp_server.protocol.positions import Encoding

_PULLED = lsp.DiagnosticOptions(inter_file_dependencies=False, workspace_diagnostics=False)
_LEGEND = lsp.SemanticTokensLegend([TOKEN_TYPE], list(MODIFIERS))


def initialize(ls: TokenBlameServer, params: lsp.InitializeParams) -> None:
    """Read what the client can do and wants.

    What a client must not get twice is offered to those only that cannot do otherwise.
    """
    ls.documents.encoding = Encoding(ls.workspace.position_encoding or Encoding.UTF16)
    configuration.take_options(ls, params.initialization_options)
    if ls.editor.pulls_diagnostics:
        ls.feature(lsp.TEXT_DOCUMENT_DIAGNOSTIC, _PULLED)(language_features.diagnostic)
    if ls.editor.resolves_lenses:
        ls.feature(lsp.CODE_LENS_RESOLVE)(language_features.code_lens_resolve)
    if not ls.editor.paints:
        ls.feature(lsp.TEXT_DOCUMENT_INLAY_HINT)(language_features.inlay_hint)
        ls.feature(lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, _LEGEND)(
            language_features.semantic_tokens_full
        )


async def shutdown(ls: TokenBlameServer, _params: None) -> None:
    await ls.scheduler.close()


def progress_cancel(ls: TokenBlameServer, params: lsp.WorkDoneProgressCancelParams) -> None:
    """The user stops the work behind one progress token."""
    ls.scheduler.cancel(token=params.token)

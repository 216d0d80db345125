"""The features that this server has; what they do is in the other rooms.

Handlers are small and, where they touch state, synchronous: pygls runs those in the order in
which the client sent their messages.
"""

from collections.abc import Callable
from typing import Any

from lsprotocol import types as lsp

from lsp_server.features.semantic_tokens import MODIFIERS, TOKEN_TYPE
from lsp_server.features.to_lsp import ASKING
from lsp_server.handlers import (
    commands,
    configuration,
    language_features,
    panel_requests,
    prompt_commands,
)
from lsp_server.handlers.window import TokenBlameServer
from lsp_server.protocol import names
from lsp_server.protocol.positions import Encoding


def create_server() -> TokenBlameServer:
    """A server with all its features, not yet connected."""
    server = TokenBlameServer()
    features = server.protocol.fm
    for method, handler in {**_FEATURES, **_INSTEAD}.items():
        server.feature(method, _OPTIONS.get(method))(handler)
    for method in _INSTEAD:
        features.add_builtin_feature(method, features.features[method])
    for name, command in _COMMANDS.items():
        server.command(name)(command)
    return server


def initialize(ls: TokenBlameServer, params: lsp.InitializeParams) -> None:
    encoding = Encoding(ls.workspace.position_encoding or Encoding.UTF16)
    ls.explainer.documents.encoding = encoding
    configuration.take_options(ls, params.initialization_options)
    # What a client must not get twice is offered to those only that cannot do otherwise.
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
    await ls.explainer.close()


# Documents


def did_open(ls: TokenBlameServer, params: lsp.DidOpenTextDocumentParams) -> None:
    item = params.text_document
    ls.explainer.opened(ls.explainer.documents.open(item.uri, item.version, item.text))


def did_change(ls: TokenBlameServer, params: lsp.DidChangeTextDocumentParams) -> None:
    document = params.text_document
    snapshot = ls.explainer.documents.change(document.uri, document.version, params.content_changes)
    if snapshot is not None:
        ls.explainer.edited(snapshot)


def did_save(ls: TokenBlameServer, params: lsp.DidSaveTextDocumentParams) -> None:
    if (snapshot := ls.explainer.documents.get(params.text_document.uri)) is not None:
        ls.explainer.saved(snapshot)


def did_close(ls: TokenBlameServer, params: lsp.DidCloseTextDocumentParams) -> None:
    if (snapshot := ls.explainer.documents.close(params.text_document.uri)) is not None:
        ls.explainer.closed(snapshot)


def progress_cancel(ls: TokenBlameServer, params: lsp.WorkDoneProgressCancelParams) -> None:
    ls.explainer.work.give_up(token=params.token)


Handler = Callable[..., Any]

_FEATURES: dict[str, Handler] = {
    lsp.INITIALIZE: initialize,
    lsp.INITIALIZED: configuration.initialized,
    lsp.SHUTDOWN: shutdown,
    lsp.WORKSPACE_DID_CHANGE_CONFIGURATION: configuration.did_change_configuration,
    lsp.TEXT_DOCUMENT_DID_SAVE: did_save,
    lsp.TEXT_DOCUMENT_HOVER: language_features.text_hover,
    lsp.TEXT_DOCUMENT_CODE_LENS: language_features.code_lens,
    lsp.TEXT_DOCUMENT_CODE_ACTION: language_features.code_action,
    lsp.TEXT_DOCUMENT_DEFINITION: language_features.definition,
    lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL: language_features.document_symbol,
    names.TRUST: configuration.trust,
    names.DETAILS: panel_requests.details,
    names.GRAPH_REQUEST: panel_requests.graph,
    names.COMPARE_REQUEST: panel_requests.compare,
}

# In the place of what pygls does: its store of documents splits lines at form feeds, and it looks
# for a progress token in a list of its own.
_INSTEAD: dict[str, Handler] = {
    lsp.TEXT_DOCUMENT_DID_OPEN: did_open,
    lsp.TEXT_DOCUMENT_DID_CHANGE: did_change,
    lsp.TEXT_DOCUMENT_DID_CLOSE: did_close,
    lsp.WINDOW_WORK_DONE_PROGRESS_CANCEL: progress_cancel,
}

_COMMANDS: dict[str, Handler] = {
    names.EXPLAIN: commands.explain,
    names.SET_TASK: commands.set_task,
    names.CANCEL: commands.cancel,
    names.ATTRIBUTE: commands.attribute,
    names.SEARCH_LONGER: commands.search_longer,
    names.CHECK: commands.check,
    names.REPORT: commands.copy_report,
    names.GRAPH: commands.show_graph,
    names.COMPARE: commands.compare_models,
    names.CURVE: commands.show_curve,
    names.SHOW_FAULT: prompt_commands.show_fault,
    names.OPEN_PROMPT: prompt_commands.open_prompt,
    names.OPEN_CODE: prompt_commands.open_code,
    names.OPEN_SAMPLE: commands.open_sample,
}

_OPTIONS = {
    lsp.TEXT_DOCUMENT_CODE_ACTION: lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix, ASKING]),
}
_PULLED = lsp.DiagnosticOptions(inter_file_dependencies=False, workspace_diagnostics=False)
_LEGEND = lsp.SemanticTokensLegend([TOKEN_TYPE], list(MODIFIERS))

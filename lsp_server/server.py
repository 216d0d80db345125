"""The features that this server has; what they do is in the other rooms.

Handlers are small and, where they touch state, synchronous: pygls runs those in the order in
which the client sent their messages.
"""

from collections.abc import Callable
from typing import Any

from lsprotocol import types as lsp

from lsp_server.features.to_lsp import CODE_ACTION_KIND
from lsp_server.handlers import (
    configuration,
    documents,
    explain_commands,
    language_features,
    lifecycle,
    page_commands,
    panel_requests,
    prompt_commands,
)
from lsp_server.handlers.window import TokenBlameServer
from lsp_server.protocol import names


def create_server() -> TokenBlameServer:
    """A server with all its features, not yet connected."""
    server = TokenBlameServer()
    features = server.protocol.fm
    for method, handler in {**_FEATURES, **_REPLACEMENTS}.items():
        server.feature(method, _OPTIONS.get(method))(handler)
    for method in _REPLACEMENTS:
        features.add_builtin_feature(method, features.features[method])
    for name, command in _COMMANDS.items():
        server.command(name)(command)
    return server


Handler = Callable[..., Any]

_FEATURES: dict[str, Handler] = {
    lsp.INITIALIZE: lifecycle.initialize,
    lsp.INITIALIZED: configuration.initialized,
    lsp.SHUTDOWN: lifecycle.shutdown,
    lsp.WORKSPACE_DID_CHANGE_CONFIGURATION: configuration.did_change_configuration,
    lsp.TEXT_DOCUMENT_DID_SAVE: documents.did_save,
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
_REPLACEMENTS: dict[str, Handler] = {
    lsp.TEXT_DOCUMENT_DID_OPEN: documents.did_open,
    lsp.TEXT_DOCUMENT_DID_CHANGE: documents.did_change,
    lsp.TEXT_DOCUMENT_DID_CLOSE: documents.did_close,
    lsp.WINDOW_WORK_DONE_PROGRESS_CANCEL: lifecycle.progress_cancel,
}

_COMMANDS: dict[str, Handler] = {
    names.EXPLAIN: explain_commands.explain,
    names.SET_TASK: explain_commands.set_task,
    names.CANCEL: explain_commands.cancel,
    names.ATTRIBUTE: explain_commands.attribute,
    names.SEARCH_LONGER: explain_commands.search_longer,
    names.CHECK: explain_commands.check_faithfulness,
    names.REPORT: page_commands.copy_report,
    names.GRAPH: page_commands.show_graph,
    names.COMPARE: page_commands.compare_models,
    names.CURVE: page_commands.show_curve,
    names.SHOW_FAULT: prompt_commands.show_fault,
    names.OPEN_PROMPT: prompt_commands.open_prompt,
    names.OPEN_CODE: prompt_commands.open_code,
    names.OPEN_SAMPLE: page_commands.open_sample,
}

_OPTIONS = {
    lsp.TEXT_DOCUMENT_CODE_ACTION: lsp.CodeActionOptions(
        [lsp.CodeActionKind.QuickFix, CODE_ACTION_KIND]
    ),
}

"""The features that this server has; what they do is in the other rooms.

Handlers are small and, where they touch state, synchronous: pygls runs those in the order in
which the client sent their messages.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter

from attribution import __version__
from lsp_server.editor import Editor
from lsp_server.explainer import Explainer
from lsp_server.hover import hover
from lsp_server.positions import Encoding
from lsp_server.settings import SECTION, Settings, parse
from lsp_server.to_lsp import to_hover

if TYPE_CHECKING:
    from pygls.server import ServerErrors

EXPLAIN = "tokenblame.explain"
CANCEL = "tokenblame.cancel"
TRUST = "tokenblame/trust"

_ANSWER_TIMEOUT = 5.0  # seconds that a client has to tell its settings

_log = logging.getLogger(__name__)


class TokenBlameServer(LanguageServer):
    """One per client process."""

    def __init__(self) -> None:
        super().__init__(
            "tokenblame",
            __version__,
            protocol_cls=LanguageServerProtocol,
            converter_factory=default_converter,
        )
        self.editor = Editor(self)
        self.explainer = Explainer(self.editor)
        self.initial = Settings()  # from the initialization options, under the client's section
        self.pulls = 0  # requests for settings made so far: the latest answer counts

    def report_server_error(self, error: Exception, source: "ServerErrors") -> None:
        """To the log: what a user can act on is shown where it happens."""
        _log.error("%s: %s", source.__name__, error, exc_info=error)


def create_server() -> TokenBlameServer:
    """A server with all its features, not yet connected."""
    server = TokenBlameServer()
    features = server.protocol.fm
    for method, handler in {**_FEATURES, **_INSTEAD}.items():
        server.feature(method)(handler)
    for method in _INSTEAD:
        features.add_builtin_feature(method, features.features[method])
    server.command(EXPLAIN)(explain)
    server.command(CANCEL)(cancel)
    return server


# Life


def initialize(ls: TokenBlameServer, params: lsp.InitializeParams) -> None:
    encoding = Encoding(ls.workspace.position_encoding or Encoding.UTF16)
    ls.explainer.documents.encoding = encoding
    options = params.initialization_options
    options = options if isinstance(options, dict) else {}
    if isinstance(trusted := options.get("trusted"), bool):
        ls.explainer.client_trust = trusted
    ls.initial, problems = parse(options.get("settings"), Settings())
    ls.explainer.settings = ls.initial
    for problem in problems:
        ls.editor.warn(problem)


async def initialized(ls: TokenBlameServer, _params: lsp.InitializedParams) -> None:
    if ls.editor.supports("workspace.did_change_configuration.dynamic_registration"):
        registration = lsp.Registration(
            id="tokenblame-settings",
            method=lsp.WORKSPACE_DID_CHANGE_CONFIGURATION,
            register_options={"section": SECTION},
        )
        ls.client_register_capability(lsp.RegistrationParams([registration]))
    await _pull_settings(ls)


async def shutdown(ls: TokenBlameServer, _params: None) -> None:
    await ls.explainer.close()


# Settings and trust


async def did_change_configuration(
    ls: TokenBlameServer, params: lsp.DidChangeConfigurationParams
) -> None:
    if ls.editor.supports("workspace.configuration"):
        await _pull_settings(ls)
    else:
        pushed = params.settings
        _apply(ls, pushed.get(SECTION, pushed) if isinstance(pushed, dict) else pushed)


async def _pull_settings(ls: TokenBlameServer) -> None:
    """Ask the client for its section; what comes too late is applied all the same."""
    if not ls.editor.supports("workspace.configuration"):
        _apply(ls, None)
        return
    ls.pulls += 1
    number = ls.pulls
    item = lsp.ConfigurationItem(section=SECTION)
    answer = asyncio.ensure_future(
        ls.workspace_configuration_async(lsp.ConfigurationParams([item]))
    )
    await asyncio.wait([answer], timeout=_ANSWER_TIMEOUT)
    if not answer.done():
        ls.editor.log("The client has not told its settings yet; the defaults are used for now.")
        ls.explainer.settled.set()
    try:
        sections = await answer
    except JsonRpcException as error:
        ls.editor.log(f"The client does not tell its settings: {error}")
        sections = None
    if number == ls.pulls:
        _apply(ls, sections[0] if sections else None)


def _apply(ls: TokenBlameServer, section: Any) -> None:
    settings, problems = parse(section, ls.initial)
    for problem in problems:
        ls.editor.warn(problem)
    ls.explainer.apply(settings)


def trust(ls: TokenBlameServer, params: Any) -> None:
    trusted = getattr(params, "trusted", None)
    if isinstance(trusted, bool):
        ls.explainer.trust(trusted)
    else:
        _log.error("%s needs {trusted: boolean}, got %r", TRUST, params)


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


# Requests


def text_hover(ls: TokenBlameServer, params: lsp.HoverParams) -> lsp.Hover | None:
    snapshot = ls.explainer.documents.get(params.text_document.uri)
    if snapshot is None or (session := ls.explainer.sessions.get(snapshot)) is None:
        return None
    offset = snapshot.lines.offset(params.position.line, params.position.character)
    found = hover(session.explanation, session.view, offset)
    return to_hover(snapshot, found) if found else None


def progress_cancel(ls: TokenBlameServer, params: lsp.WorkDoneProgressCancelParams) -> None:
    ls.explainer.cancel_progress(params.token)


def explain(ls: TokenBlameServer, *arguments: Any) -> dict[str, int] | None:
    """Arguments: uri, {"taskId": …}?; answers the version that is being explained."""
    match arguments:
        case [str(uri)] | [str(uri), None]:
            snapshot = ls.explainer.explain(uri, None)
        case [str(uri), {"taskId": str(task_id)}]:
            snapshot = ls.explainer.explain(uri, task_id)
        case [str(uri), dict(options)] if "taskId" not in options:
            snapshot = ls.explainer.explain(uri, None)
        case _:
            raise JsonRpcInvalidParams(f'{EXPLAIN} needs [uri, {{"taskId": …}}?].')
    return None if snapshot is None else {"version": snapshot.version}


def cancel(ls: TokenBlameServer, *arguments: Any) -> None:
    """Arguments: uri?"""
    match arguments:
        case [] | [None]:
            ls.explainer.cancel(None)
        case [str(uri)]:
            ls.explainer.cancel(uri)
        case _:
            raise JsonRpcInvalidParams(f"{CANCEL} needs [uri?].")


Handler = Callable[..., Any]

_FEATURES: dict[str, Handler] = {
    lsp.INITIALIZE: initialize,
    lsp.INITIALIZED: initialized,
    lsp.SHUTDOWN: shutdown,
    lsp.WORKSPACE_DID_CHANGE_CONFIGURATION: did_change_configuration,
    lsp.TEXT_DOCUMENT_DID_SAVE: did_save,
    lsp.TEXT_DOCUMENT_HOVER: text_hover,
    TRUST: trust,
}

# In the place of what pygls does: its store of documents splits lines at form feeds, and it looks
# for a progress token in a list of its own.
_INSTEAD: dict[str, Handler] = {
    lsp.TEXT_DOCUMENT_DID_OPEN: did_open,
    lsp.TEXT_DOCUMENT_DID_CHANGE: did_change,
    lsp.TEXT_DOCUMENT_DID_CLOSE: did_close,
    lsp.WINDOW_WORK_DONE_PROGRESS_CANCEL: progress_cancel,
}

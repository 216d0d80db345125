"""An editor for tests: the real server over stdio, and everything it says in queues."""

import asyncio
import os
import sys
from functools import partial
from typing import Any

from cattrs import Converter
from lsprotocol import types as lsp
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, register_lsp_features

_PATIENCE = 20.0  # seconds for one answer of the server on a busy machine


def plain(value: Any) -> Any:
    """pygls gives parameters of methods it does not know as nested named tuples."""
    if hasattr(value, "_asdict"):
        return {key: plain(item) for key, item in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def capabilities(**changes: Any) -> lsp.ClientCapabilities:
    """Of an editor with our extension; an argument replaces a part."""
    parts: dict[str, Any] = {
        "text_document": lsp.TextDocumentClientCapabilities(
            publish_diagnostics=lsp.PublishDiagnosticsClientCapabilities(related_information=True),
            code_action=lsp.CodeActionClientCapabilities(
                code_action_literal_support=lsp.ClientCodeActionLiteralOptions(
                    lsp.ClientCodeActionKindOptions([lsp.CodeActionKind.QuickFix])
                )
            ),
        ),
        "window": lsp.WindowClientCapabilities(
            work_done_progress=True, show_document=lsp.ShowDocumentClientCapabilities(True)
        ),
        "workspace": lsp.WorkspaceClientCapabilities(
            configuration=True,
            workspace_edit=lsp.WorkspaceEditClientCapabilities(document_changes=True),
        ),
        "experimental": {"relevance": True, "status": True},
    }
    return lsp.ClientCapabilities(**{**parts, **changes})


def _converter() -> Converter:
    """As pygls' own, which takes a code action with a command for a command."""
    made = default_converter()

    def structure(value: Any, _kind: Any) -> lsp.Command | lsp.CodeAction:
        plain = isinstance(value.get("command"), str)
        return made.structure(value, lsp.Command if plain else lsp.CodeAction)

    made.register_structure_hook(lsp.Command | lsp.CodeAction, structure)
    return made


def _note(refreshed: asyncio.Queue[str], method: str, _params: None) -> None:
    refreshed.put_nowait(method)


class Driver:
    """One editor window with one server."""

    def __init__(self, settings: dict[str, Any] | None = None, patience: float = _PATIENCE) -> None:
        self._patience = patience  # for what comes by itself; it may need the engine
        self._settings = {"debounce": 0, **(settings or {})}
        self._open: set[str] = set()
        self.client = LanguageClient(
            configuration={"": {"tokenblame": self._settings}}, converter_factory=_converter
        )
        self.diagnostics: asyncio.Queue[lsp.PublishDiagnosticsParams] = asyncio.Queue()
        self.relevance: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.status: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.messages: asyncio.Queue[lsp.ShowMessageParams] = asyncio.Queue()
        self.reports: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.panels: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.refreshed: asyncio.Queue[str] = asyncio.Queue()  # methods
        self.declared = lsp.ServerCapabilities()  # by the server, once it is started
        self.progress: asyncio.Queue[tuple[Any, dict[str, Any]]] = asyncio.Queue()
        features: dict[str, Any] = {
            **DEFAULT_CLIENT_FEATURES,
            lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: lambda params: self.diagnostics.put_nowait(
                params
            ),
            lsp.WINDOW_SHOW_MESSAGE: lambda params: self.messages.put_nowait(params),
            lsp.PROGRESS: lambda params: self.progress.put_nowait((params.token, params.value)),
            "tokenblame/relevance": lambda params: self.relevance.put_nowait(plain(params)),
            "tokenblame/panel": lambda params: self.panels.put_nowait(plain(params)),
            "tokenblame/report": lambda params: self.reports.put_nowait(plain(params)),
            "tokenblame/status": lambda params: self.status.put_nowait(plain(params)),
        }
        for kind in ("codeLens", "diagnostic", "inlayHint", "semanticTokens"):
            method = f"workspace/{kind}/refresh"
            features[method] = partial(_note, self.refreshed, method)
        register_lsp_features(self.client, features)

    async def start(
        self,
        environment: dict[str, str],
        declared: lsp.ClientCapabilities | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        await self.client.start_io(
            sys.executable, "-m", "lsp_server", env={**os.environ, **environment}
        )
        async with asyncio.timeout(_PATIENCE):
            result = await self.client.initialize_session(
                lsp.InitializeParams(
                    capabilities=declared or capabilities(),
                    initialization_options={"trusted": True} if options is None else options,
                )
            )
        self.declared = result.capabilities

    async def stop(self) -> None:
        """Leave; fails on a message to the user that the test did not expect."""
        async with asyncio.timeout(_PATIENCE):
            await self.client.shutdown_session()
            await self.client.stop()
        self._check_unread()

    async def leave(self) -> None:
        """Close what is open, undo settings, and drop what nobody read, messages excepted."""
        for uri in tuple(self._open):
            self.close(uri)
        self.configure(**self._settings)
        await self.command("tokenblame.cancel")  # once answered, all of the above is done
        for queue in (self.diagnostics, self.relevance, self.status, self.progress):
            while not queue.empty():
                queue.get_nowait()
        self._check_unread()

    def _check_unread(self) -> None:
        unread = [self.messages.get_nowait().message for _ in range(self.messages.qsize())]
        assert not unread

    # What a user does

    def open(self, uri: str, text: str, version: int = 1) -> None:
        self._open.add(uri)
        item = lsp.TextDocumentItem(uri, "python", version, text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))

    def edit(self, uri: str, version: int, change: lsp.TextDocumentContentChangeEvent) -> None:
        self.client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(
                lsp.VersionedTextDocumentIdentifier(version, uri), [change]
            )
        )

    def insert(self, uri: str, version: int, text: str, line: int = 0) -> None:
        """Insert at the start of a line."""
        at = lsp.Position(line, 0)
        self.edit(uri, version, lsp.TextDocumentContentChangePartial(lsp.Range(at, at), text))

    def save(self, uri: str) -> None:
        document = lsp.TextDocumentIdentifier(uri)
        self.client.text_document_did_save(lsp.DidSaveTextDocumentParams(document))

    def close(self, uri: str) -> None:
        self._open.discard(uri)
        document = lsp.TextDocumentIdentifier(uri)
        self.client.text_document_did_close(lsp.DidCloseTextDocumentParams(document))

    async def hover(self, uri: str, line: int, character: int) -> lsp.Hover | None:
        async with asyncio.timeout(_PATIENCE):
            return await self.client.text_document_hover_async(
                lsp.HoverParams(lsp.TextDocumentIdentifier(uri), lsp.Position(line, character))
            )

    async def lenses(self, uri: str) -> list[lsp.CodeLens]:
        async with asyncio.timeout(_PATIENCE):
            lenses = await self.client.text_document_code_lens_async(
                lsp.CodeLensParams(lsp.TextDocumentIdentifier(uri))
            )
        return list(lenses or ())

    async def resolve(self, lens: lsp.CodeLens) -> lsp.CodeLens:
        """As it is drawn."""
        async with asyncio.timeout(_PATIENCE):
            return await self.client.code_lens_resolve_async(lens)

    async def titles(self, uri: str) -> list[str]:
        """What the lenses of a document say."""
        commands = [lens.command for lens in await self.lenses(uri)]
        titles = [command.title for command in commands if command is not None]
        return [title.removeprefix("Token Blame: ") for title in titles]

    async def actions(self, uri: str, line: int, character: int) -> list[lsp.CodeAction]:
        at = lsp.Position(line, character)
        params = lsp.CodeActionParams(
            lsp.TextDocumentIdentifier(uri), lsp.Range(at, at), lsp.CodeActionContext([])
        )
        async with asyncio.timeout(_PATIENCE):
            actions = await self.client.text_document_code_action_async(params)
        return [action for action in actions or () if isinstance(action, lsp.CodeAction)]

    async def perform(self, uri: str, at: tuple[int, int], title: str) -> Any:
        """Run the command of the one action at a place whose title begins so."""
        offered = await self.actions(uri, *at)
        (action,) = [action for action in offered if action.title.startswith(title)]
        assert action.command is not None
        return await self.command(action.command.command, *(action.command.arguments or ()))

    async def command(self, name: str, *arguments: Any) -> Any:
        async with asyncio.timeout(_PATIENCE):
            return await self.client.workspace_execute_command_async(
                lsp.ExecuteCommandParams(name, list(arguments))
            )

    async def ask(self, method: str, **params: Any) -> Any:
        """One of our own requests; raises JsonRpcException with the server's error."""
        async with asyncio.timeout(_PATIENCE):
            return plain(await self.client.protocol.send_request_async(method, params))

    def configure(self, **settings: Any) -> None:
        """Change settings and tell the server that they changed."""
        self.client.set_configuration(settings, section="tokenblame")
        self.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(None))

    def trust(self, trusted: Any) -> None:
        self.client.protocol.notify("tokenblame/trust", {"trusted": trusted})

    # What the user sees

    async def seen(self, queue: asyncio.Queue[Any]) -> Any:
        async with asyncio.timeout(self._patience):
            return await queue.get()

    async def published(self) -> lsp.PublishDiagnosticsParams:
        shown: lsp.PublishDiagnosticsParams = await self.seen(self.diagnostics)
        return shown

    async def message(self) -> str:
        message: lsp.ShowMessageParams = await self.seen(self.messages)
        return message.message

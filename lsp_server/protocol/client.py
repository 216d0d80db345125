"""What the server says to the editor, within what the editor declared that it understands."""

import itertools
import logging
from functools import cached_property
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from lsp_server.protocol.converter import to_wire
from lsp_server.protocol.messages import (
    EngineState,
    PanelRequest,
    PanelSection,
    Relevance,
    Report,
    Status,
)
from lsp_server.protocol.names import PANEL, RELEVANCE, REPORTED, STATUS
from lsp_server.protocol.progress import WorkDone
from lsp_server.protocol.refresh import Refresh

_log = logging.getLogger(__name__)


def declares(capabilities: Any, path: str) -> bool:
    """Whether a client capability is there and true, e.g. "window.work_done_progress"."""
    for name in path.split("."):
        if isinstance(capabilities, dict):
            capabilities = capabilities.get(name)
        else:
            capabilities = getattr(capabilities, name, None)
    return bool(capabilities)


class Editor:
    """One client. Only `show_document` waits for it."""

    def __init__(self, server: LanguageServer) -> None:
        self._server = server
        self._last_status: Status | None = None
        self._numbers = itertools.count(1)

    def supports(self, path: str) -> bool:
        return declares(self._server.client_capabilities, path)

    # Results

    @cached_property
    def pulls_diagnostics(self) -> bool:
        """Whether the client asks for diagnostics, also when it is told that they changed.

        It is served in one of the two ways: most would show what comes in both ways twice.
        """
        return self.supports("text_document.diagnostic") and self.supports(
            "workspace.diagnostics.refresh_support"
        )

    @property
    def paints(self) -> bool:
        """Whether the client draws the heat map itself."""
        return self.supports("experimental.relevance")

    @cached_property
    def resolves_lenses(self) -> bool:
        """Whether the client asks what a lens says once it is in sight, and not before.

        Known of the editor of our extension only: Neovim 0.11 declares that it resolves them,
        too, and then asks for each of thousands at once, which costs far more than telling all.
        """
        return self.paints and self.supports("text_document.code_lens.resolve_support")

    def publish(self, diagnostics: lsp.PublishDiagnosticsParams) -> None:
        """Show the diagnostics of one version, in the place of those shown."""
        if self.pulls_diagnostics:
            self._diagnostics_changed()
        else:
            self._server.text_document_publish_diagnostics(diagnostics)

    def relevance(self, relevance: Relevance) -> None:
        """Paint, where the client does that."""
        if self.paints:
            self._server.protocol.notify(RELEVANCE, to_wire(relevance))

    def refresh(self) -> None:
        """What the client draws of its own accord (lenses, hints, colours) may have changed."""
        for refresh in self._drawn:
            refresh()

    @cached_property
    def _diagnostics_changed(self) -> Refresh:
        return Refresh(self._server.workspace_diagnostic_refresh_async)

    @cached_property
    def _drawn(self) -> list[Refresh]:
        kinds = {
            "code_lens": self._server.workspace_code_lens_refresh_async,
            "inlay_hint": self._server.workspace_inlay_hint_refresh_async,
            "semantic_tokens": self._server.workspace_semantic_tokens_refresh_async,
        }
        return [
            Refresh(request)
            for kind, request in kinds.items()
            if self.supports(f"workspace.{kind}.refresh_support")
            and (kind == "code_lens" or not self.paints)
        ]

    async def show_document(self, uri: str, selection: lsp.Range | None = None) -> bool:
        """Bring a document, or a place in it, before the user; whether that worked."""
        if not self.supports("window.show_document.support"):
            return False
        return await self._show(lsp.ShowDocumentParams(uri, take_focus=True, selection=selection))

    async def _show(self, params: lsp.ShowDocumentParams) -> bool:
        try:
            return (await self._server.window_show_document_async(params)).success
        except JsonRpcException as error:
            _log.info("the client did not show %s: %s", params.uri, error)
            return False

    async def show_page(self, uri: str) -> bool:
        """Open a page in the user's browser; whether that worked."""
        if not self.supports("window.show_document.support"):
            return False
        return await self._show(lsp.ShowDocumentParams(uri, external=True))

    def open_panel(self, uri: str, section: PanelSection) -> bool:
        """Show a section of the client's own panel; whether it has one."""
        if has_one := self.supports("experimental.panel"):
            self._server.protocol.notify(PANEL, to_wire(PanelRequest(uri, section)))
        return has_one

    def report(self, uri: str, markdown: str) -> bool:
        """Hand over a report; whether the client does something with it."""
        if taken := self.supports("experimental.report"):
            self._server.protocol.notify(REPORTED, to_wire(Report(uri, markdown)))
        return taken

    # Words

    def status(self, state: EngineState, message: str, uri: str | None = None) -> None:
        """For a status item; repeated ones are left out."""
        status = Status(state, message, uri)
        if status != self._last_status and self.supports("experimental.status"):
            self._server.protocol.notify(STATUS, to_wire(status))
        self._last_status = status

    def log(self, message: str) -> None:
        _log.info(message)
        self._server.window_log_message(lsp.LogMessageParams(lsp.MessageType.Info, message))

    def tell(self, message: str) -> None:
        """Shown to the user, who asked for it."""
        self._tell(lsp.MessageType.Info, message)

    def warn(self, message: str) -> None:
        """Shown to the user, who can go on."""
        self._tell(lsp.MessageType.Warning, message)

    def error(self, message: str) -> None:
        """Shown to the user, who did not get what was asked for."""
        self._tell(lsp.MessageType.Error, message)

    def _tell(self, kind: lsp.MessageType, message: str) -> None:
        _log.info(message)
        self._server.window_show_message(lsp.ShowMessageParams(kind, f"Token Blame: {message}"))
        self._server.window_log_message(lsp.LogMessageParams(kind, message))

    def progress(self, title: str, token: str | int | None = None) -> "WorkDone":
        """Progress of one piece of work, as a context manager around it.

        `token` is one that the client gave for it.
        """
        if token is not None:
            return WorkDone(self._server, title, token, given=True)
        ours = self.supports("window.work_done_progress")
        return WorkDone(self._server, title, f"tokenblame/{next(self._numbers)}" if ours else None)

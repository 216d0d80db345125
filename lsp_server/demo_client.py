"""A small language client: open one sample as an editor would, print what the server shows.

    python -m lsp_server.demo_client SAMPLE [--settings JSON]

One JSON object goes to standard output: `diagnostics`, `relevance` (the last computed
`tokenblame/relevance`), `hover` (Markdown at the faulty token) and `error`. Positions count code
points (the client asks for utf-32). Status messages go to standard error as they come.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from attrs import asdict, define, field
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from attribution import __version__
from attribution.isolation import python_module


@define
class Shown:
    """What the server has shown of the sample."""

    diagnostics: list[dict[str, Any]] = field(factory=list)
    relevance: dict[str, Any] | None = None
    hover: str | None = None
    error: str | None = None


class DemoClient(LanguageClient):
    """Keeps the latest of everything, and notices when the server is done."""

    def __init__(self) -> None:
        super().__init__("tokenblame-demo", __version__)
        self.shown = Shown()
        self.done = asyncio.Event()
        self._has_worked = False
        handlers: dict[str, Callable[[Any], None]] = {
            types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: self._on_diagnostics,
            types.WINDOW_SHOW_MESSAGE: self._on_message,
            types.WINDOW_LOG_MESSAGE: lambda _: None,
            "tokenblame/relevance": self._on_relevance,
            "tokenblame/status": self._on_status,
        }
        for method, handler in handlers.items():
            # pygls marks what it registers, and a bound method takes no marks.
            self.feature(method)(partial(handler))

    def _on_diagnostics(self, params: types.PublishDiagnosticsParams) -> None:
        converter = self.protocol._converter
        self.shown.diagnostics = [converter.unstructure(d) for d in params.diagnostics]

    def _on_message(self, params: types.ShowMessageParams) -> None:
        if params.type is types.MessageType.Error:
            self.shown.error = params.message

    def _on_relevance(self, params: Any) -> None:
        payload = _plain(params)
        if payload["state"] == "computed":
            self.shown.relevance = payload

    def _on_status(self, params: Any) -> None:
        print(params.message, file=sys.stderr)
        self._has_worked |= params.state in ("starting", "computing")
        if params.state in ("error", "untrusted") or (self._has_worked and params.state == "ready"):
            self.done.set()

    async def server_exit(self, server: asyncio.subprocess.Process) -> None:
        """A server that dies before it is done will say no more."""
        if not self.done.is_set():
            self.shown.error = (
                self.shown.error or f"The server ended with code {server.returncode}."
            )
            self.done.set()


def _plain(value: Any) -> Any:
    """pygls gives parameters of unknown methods as nested named tuples."""
    if hasattr(value, "_asdict"):
        return {key: _plain(item) for key, item in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


async def open_sample(path: Path, settings: dict[str, Any]) -> Shown:
    """Start a server, open `path` in it, and wait until all is shown."""
    client = DemoClient()
    await client.start_io(*python_module("lsp_server"))
    await client.initialize_async(
        types.InitializeParams(
            process_id=None,
            root_uri=path.parent.as_uri(),
            capabilities=types.ClientCapabilities(
                general=types.GeneralClientCapabilities(
                    position_encodings=[types.PositionEncodingKind.Utf32]
                ),
                experimental={"relevance": True, "status": True},
            ),
            # The user named this very file, as on the command line.
            initialization_options={"trusted": True, "settings": settings},
        )
    )
    client.initialized(types.InitializedParams())
    document = types.TextDocumentItem(
        uri=path.as_uri(), language_id="python", version=1, text=path.read_bytes().decode()
    )
    client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=document))
    await client.done.wait()
    if not client.stopped:
        client.shown.hover = await _hover(client, path.as_uri())
        await client.shutdown_async(None)
        client.exit(None)
    await client.stop()  # type: ignore[no-untyped-call]
    return client.shown


async def _hover(client: DemoClient, uri: str) -> str | None:
    pair = client.shown.relevance and client.shown.relevance["pair"]
    if not pair:
        return None
    start = pair["range"]["start"]
    answer = await client.text_document_hover_async(
        types.HoverParams(
            types.TextDocumentIdentifier(uri), types.Position(start["line"], start["character"])
        )
    )
    contents = answer.contents if answer else None
    return contents.value if isinstance(contents, types.MarkupContent) else None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m lsp_server.demo_client", description=__doc__)
    parser.add_argument("sample", type=Path)
    parser.add_argument("--settings", type=json.loads, default={}, help="as in the editor, JSON")
    options = parser.parse_args()
    shown = asyncio.run(open_sample(options.sample.resolve(), options.settings))
    print(json.dumps(asdict(shown), ensure_ascii=False))
    return 1 if shown.error else 0


if __name__ == "__main__":
    sys.exit(main())

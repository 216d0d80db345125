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


@define
class Seen:
    """What arrived for the sample."""

    diagnostics: list[dict[str, Any]] = field(factory=list)
    relevance: dict[str, Any] | None = None
    hover: str | None = None
    error: str | None = None


class Looker(LanguageClient):
    """Keeps the newest of everything and notices when the server is done."""

    def __init__(self) -> None:
        super().__init__("tokenblame-look", __version__)
        self.seen = Seen()
        self.done = asyncio.Event()
        self._worked = False
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
        self.seen.diagnostics = [converter.unstructure(d) for d in params.diagnostics]

    def _on_message(self, params: types.ShowMessageParams) -> None:
        if params.type is types.MessageType.Error:
            self.seen.error = params.message

    def _on_relevance(self, params: Any) -> None:
        plain = _plain(params)
        if plain["state"] == "computed":
            self.seen.relevance = plain

    def _on_status(self, params: Any) -> None:
        print(params.message, file=sys.stderr)
        self._worked |= params.state in ("starting", "computing")
        if params.state in ("error", "untrusted") or (self._worked and params.state == "ready"):
            self.done.set()

    async def server_exit(self, server: asyncio.subprocess.Process) -> None:
        """A server that dies before it is done will say no more."""
        if not self.done.is_set():
            self.seen.error = self.seen.error or f"The server ended with code {server.returncode}."
            self.done.set()


def _plain(value: Any) -> Any:
    """pygls gives parameters of unknown methods as nested named tuples."""
    if hasattr(value, "_asdict"):
        return {key: _plain(item) for key, item in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


async def look(path: Path, settings: dict[str, Any]) -> Seen:
    """Start a server, open `path` in it, and wait until it has said all it will."""
    client = Looker()
    await client.start_io(sys.executable, "-P", "-m", "lsp_server")
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
        client.seen.hover = await _hover(client, path.as_uri())
        await client.shutdown_async(None)
        client.exit(None)
    await client.stop()  # type: ignore[no-untyped-call]
    return client.seen


async def _hover(client: Looker, uri: str) -> str | None:
    pair = client.seen.relevance and client.seen.relevance["pair"]
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
    seen = asyncio.run(look(options.sample.resolve(), options.settings))
    print(json.dumps(asdict(seen), ensure_ascii=False))
    return 1 if seen.error else 0


if __name__ == "__main__":
    sys.exit(main())

"""What commands have in common: their arguments, and the documents and results these name."""

from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from lsp_server.documents.samples_file import samples_of
from lsp_server.documents.snapshot import Snapshot
from lsp_server.handlers.window import TokenBlameServer
from lsp_server.state.session import Session

Answer = dict[str, Any] | None


def uri_argument(command: str, arguments: tuple[Any, ...]) -> str:
    """The uri that is the only argument of a command."""
    match arguments:
        case [str(uri)]:
            return uri
        case _:
            raise JsonRpcInvalidParams(f"{command} needs [uri].")


def open_document(ls: TokenBlameServer, uri: str) -> Snapshot | None:
    """The latest version of a document; None, with a message, where it is not open."""
    if (snapshot := ls.documents.get(uri)) is None:
        ls.editor.warn(f"Open {uri} before asking for its explanation.")
    return snapshot


def sample_at(ls: TokenBlameServer, uri: str, number: int) -> Snapshot | None:
    """The sample on a line of a samples file; None, with a message, where that is none."""
    snapshot = open_document(ls, uri)
    sample = samples_of(snapshot).at(number) if snapshot else None
    if snapshot is not None and sample is None:
        ls.editor.warn(f"Line {number + 1} of {uri} is no sample.")
    return sample


def explained_session(ls: TokenBlameServer, uri: str) -> Session | None:
    """What is known about a sample that is open; None, with a message, where that is nothing."""
    snapshot = open_document(ls, uri)
    session = ls.sessions.get(snapshot) if snapshot else None
    if snapshot is not None and (session is None or session.explanation.verdict is None):
        ls.editor.warn("This sample is not explained yet.")
        return None
    return session

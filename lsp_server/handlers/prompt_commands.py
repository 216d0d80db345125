"""Commands that lead from the code of a sample to its prompt and back."""

from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from attribution.errors import TokenBlameError
from attribution.schema import Form, Generation
from lsp_server.documents.cache import prompt_file
from lsp_server.documents.snapshot import Snapshot
from lsp_server.features.to_lsp import to_range
from lsp_server.handlers.lookup import Answer, open_document
from lsp_server.handlers.window import TokenBlameServer
from lsp_server.protocol.names import OPEN_CODE, OPEN_PROMPT, SHOW_FAULT
from lsp_server.protocol.positions import Span


async def open_prompt(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri, {"show": …}?; answers {"uri": …} of the document that holds the prompt.

    In direct form the prompt is the head of the code, which is then shown and named itself. With
    `show` false the client shows the document by itself.
    """
    match arguments:
        case [str(uri)] | [str(uri), None]:
            show = True
        case [str(uri), {"show": bool(show)}]:
            pass
        case _:
            raise JsonRpcInvalidParams(f'{OPEN_PROMPT} needs [uri, {{"show": …}}?].')
    snapshot = open_document(ls, uri)
    if snapshot is None:
        return None
    session = ls.sessions.get(snapshot)
    if session is None or (generation := session.explanation.generation) is None:
        ls.editor.warn("The prompt is known once the sample was explained and found to fail.")
        return None
    if generation.form is Form.DIRECT:
        return await _show_head(ls, snapshot, generation, show=show)
    return await _show_prompt(ls, snapshot, generation, show=show)


async def _show_head(
    ls: TokenBlameServer, snapshot: Snapshot, generation: Generation, *, show: bool
) -> Answer:
    if show:
        head = to_range(snapshot.lines, Span(0, len(generation.prompt)))
        await ls.editor.show_document(snapshot.uri, head)
    return {"uri": snapshot.uri}


async def _show_prompt(
    ls: TokenBlameServer, snapshot: Snapshot, generation: Generation, *, show: bool
) -> Answer:
    document = ls.prompts.document(snapshot.uri, generation.prompt)
    try:
        open_uri = document.uri if document else None
        uri = open_uri or prompt_file(snapshot.uri, generation.prompt).as_uri()
    except TokenBlameError as error:
        ls.editor.error(error.message)
        return None
    if show and not await ls.editor.show_document(uri):
        ls.editor.tell(f"See {uri}.")
    return {"uri": uri}


async def open_code(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri of a prompt document; answers {"uri": …} of the code that answers it.

    The faulty token is selected where it is known.
    """
    match arguments:
        case [str(uri)]:
            link = ls.prompts.link(uri)
        case _:
            raise JsonRpcInvalidParams(f"{OPEN_CODE} needs [uri].")
    if link is None:
        ls.editor.warn("This is no prompt document that is open.")
        return None
    if not await _show_code(ls, link.code):
        ls.editor.tell(f"See {link.code}.")
    return {"uri": link.code}


async def show_fault(ls: TokenBlameServer, *arguments: Any) -> None:
    """Arguments: uri. The faulty token is brought before the user."""
    match arguments:
        case [str(uri)]:
            snapshot = open_document(ls, uri)
        case _:
            raise JsonRpcInvalidParams(f"{SHOW_FAULT} needs [uri].")
    session = ls.sessions.get(snapshot) if snapshot else None
    if session is None or session.fault is None:
        if snapshot is not None and (session is None or session.explanation.verdict is None):
            ls.editor.warn("This sample is not explained yet.")
        return
    await _show_code(ls, session.snapshot.uri)


async def _show_code(ls: TokenBlameServer, uri: str) -> bool:
    """With the faulty token selected where it is known; whether the client shows it."""
    code = ls.documents.get(uri)
    session = ls.sessions.get(code) if code else None
    span = session.fault if session else None
    selection = to_range(code.lines, span) if code and span else None
    return await ls.editor.show_document(uri, selection)

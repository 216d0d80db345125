"""Notifications about documents: opened, changed, saved and closed."""

from lsprotocol import types as lsp

from lsp_server.handlers.window import TokenBlameServer


def did_open(ls: TokenBlameServer, params: lsp.DidOpenTextDocumentParams) -> None:
    item = params.text_document
    ls.scheduler.opened(ls.documents.open(item.uri, item.version, item.text))


def did_change(ls: TokenBlameServer, params: lsp.DidChangeTextDocumentParams) -> None:
    document = params.text_document
    snapshot = ls.documents.change(document.uri, document.version, params.content_changes)
    if snapshot is not None:
        ls.scheduler.edited(snapshot)


def did_save(ls: TokenBlameServer, params: lsp.DidSaveTextDocumentParams) -> None:
    if (snapshot := ls.documents.get(params.text_document.uri)) is not None:
        ls.scheduler.saved(snapshot)


def did_close(ls: TokenBlameServer, params: lsp.DidCloseTextDocumentParams) -> None:
    if (snapshot := ls.documents.close(params.text_document.uri)) is not None:
        ls.scheduler.closed(snapshot)

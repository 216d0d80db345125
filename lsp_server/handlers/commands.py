"""Commands: what a user asks for, from a lens, a code action or the palette of an editor."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from attribution.errors import TokenBlameError
from attribution.graphs.page import to_html
from attribution.schema import Task, TaskRequest
from lsp_server.documents.cache import graph_file, report_file, sample_file
from lsp_server.documents.store import Snapshot
from lsp_server.features.panel.comparison import comparison_report
from lsp_server.features.panel.details import Explained
from lsp_server.features.panel.report import report
from lsp_server.handlers.panel_requests import comparison_of, graph_of
from lsp_server.handlers.pass_curve import curve_of
from lsp_server.handlers.window import TokenBlameServer
from lsp_server.protocol.names import (
    ATTRIBUTE,
    CANCEL,
    CHECK,
    COMPARE,
    CURVE,
    EXPLAIN,
    GRAPH,
    OPEN_SAMPLE,
    REPORT,
    SEARCH_LONGER,
    SET_TASK,
)
from lsp_server.protocol.progress import WorkDone
from lsp_server.state.session import Session

Answer = dict[str, Any] | None


def explain(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri, {"taskId": …} or {"line": …} of a samples file; answers the version."""
    match arguments:
        case [str(uri), {"line": int(line)}]:
            snapshot = ls.explainer.explain_row(uri, line)
        case [str(uri), {"taskId": str(task_id)}]:
            snapshot = ls.explainer.explain(uri, task_id)
        case [str(uri)] | [str(uri), None]:
            snapshot = ls.explainer.explain(uri, None)
        case [str(uri), dict(options)] if not options.keys() & {"taskId", "line"}:
            snapshot = ls.explainer.explain(uri, None)
        case _:
            raise JsonRpcInvalidParams(f'{EXPLAIN} needs [uri, {{"taskId": …}}?].')
    return _version(snapshot)


def set_task(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri, {"taskId": …}; answers the version. The file is a sample of it from now on.

    `Doctest/NAME` stands for the examples in the docstring of a function of the file. An id that is
    none leaves everything as it was, and says so.
    """
    match arguments:
        case [str(uri), {"taskId": str(task_id)}]:
            return _version(ls.explainer.explain(uri, task_id.strip()))
        case _:
            raise JsonRpcInvalidParams(f'{SET_TASK} needs [uri, {{"taskId": …}}].')


def cancel(ls: TokenBlameServer, *arguments: Any) -> None:
    """Arguments: uri?"""
    match arguments:
        case [] | [None]:
            ls.explainer.work.give_up()
        case [str(uri)]:
            snapshot = ls.explainer.documents.get(uri)
            if snapshot is not None:
                ls.explainer.work.give_up(document=snapshot.uri)
        case _:
            raise JsonRpcInvalidParams(f"{CANCEL} needs [uri?].")


def attribute(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri, {"version", "position", "contrast"}: token index and id of the other token.

    Only another pair is attributed; no test is run.
    """
    match arguments:
        case [
            str(uri),
            {"version": int(version), "position": int(position), "contrast": int(contrast)},
        ]:
            session = _explained(ls, uri)
        case _:
            raise JsonRpcInvalidParams(
                f'{ATTRIBUTE} needs [uri, {{"version": …, "position": …, "contrast": …}}].'
            )
    if session is None:
        return None
    if session.snapshot.version != version:
        ls.editor.warn("The text has changed since; ask again once it is explained.")
        return None
    asked = ls.explainer.attribute(session, position, contrast)
    return _version(session.snapshot) if asked else None


def search_longer(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri."""
    if (session := _explained(ls, _uri(SEARCH_LONGER, arguments))) is None:
        return None
    ls.explainer.search_longer(session)
    return _version(session.snapshot)


def check(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri."""
    session = _explained(ls, _uri(CHECK, arguments))
    if session is None or not ls.explainer.check(session):
        return None
    return _version(session.snapshot)


async def copy_report(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri; answers {"markdown": …}.

    A client that declares `experimental.report` gets the report as a notification, to put it into
    its clipboard; for another one it is a document, opened.
    """
    uri = _uri(REPORT, arguments)
    if (session := _explained(ls, uri)) is None:
        return None
    markdown = report(session)
    if not ls.editor.report(uri, markdown):
        await _open(ls, lambda: report_file(session.task_id or "report", markdown))
    return {"markdown": markdown}


async def show_graph(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri; answers {"uri": …} of a page, or null where a panel shows the graph.

    A client that declares `experimental.panel` is told to show it; another one opens the page in
    the user's browser.
    """
    uri = _uri(GRAPH, arguments)

    async def page(known: Explained, progress: WorkDone) -> Path | None:
        graph = await graph_of(ls, known, progress)
        title, html = known.session.task_id or "graph", to_html(graph, known.generation)
        path = _written(ls, lambda: graph_file(title, html))
        if path is not None and not await ls.editor.show_page(path.as_uri()):
            ls.editor.tell(f"See {path}.")
        return path

    return await _shown(ls, uri, "graph", page)


async def compare_models(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri, {"model": …}?; answers {"uri": …} of a report, or null in a panel.

    Without a model it is the sibling of the settings.
    """
    match arguments:
        case [str(uri)] | [str(uri), None]:
            model = None
        case [str(uri), {"model": str(model)}]:
            pass
        case _:
            raise JsonRpcInvalidParams(f'{COMPARE} needs [uri, {{"model": …}}?].')

    async def page(known: Explained, progress: WorkDone) -> Path | None:
        markdown = comparison_report(known, await comparison_of(ls, known, progress, model))
        name = f"{known.session.task_id}-comparison"
        return await _open(ls, lambda: report_file(name, markdown))

    return await _shown(ls, uri, "compare", page)


async def show_curve(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri; answers {"uri": …} of a report, which every client opens as a document."""
    if (session := _explained(ls, _uri(CURVE, arguments))) is None:
        return None
    progress = ls.editor.progress(f"Token Blame {session.task_id}: where it lost the thread")
    try:
        markdown = await curve_of(ls, session, progress)
    except TokenBlameError as error:
        ls.editor.warn(error.message)
        return None
    path = await _open(ls, lambda: report_file(f"{session.task_id}-curve", markdown))
    return None if path is None else {"uri": path.as_uri()}


async def _shown(
    ls: TokenBlameServer,
    uri: str,
    section: str,
    page: Callable[[Explained, WorkDone], Awaitable[Path | None]],
) -> Answer:
    """In the client's own panel, or as a page; says why where there is nothing to show."""
    session = _explained(ls, uri)
    if session is None or ls.editor.open_panel(uri, section):
        return None
    progress = ls.editor.progress(f"Token Blame {session.task_id}: {section}")
    try:
        path = await page(Explained.of(session), progress)
    except TokenBlameError as error:
        ls.editor.warn(error.message)
        return None
    return None if path is None else {"uri": path.as_uri()}


async def open_sample(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri, {"line": …} of a samples file; answers {"uri": …} of a file with the sample.

    A completion lacks the task's prompt, which only the engine knows.
    """
    match arguments:
        case [str(uri), {"line": int(line)}]:
            row = ls.explainer.row(uri, line)
        case _:
            raise JsonRpcInvalidParams(f'{OPEN_SAMPLE} needs [uri, {{"line": …}}].')
    if row is None or row.row is None:
        return None
    task_id, number = row.row.task_id, row.row.line
    try:
        code = await _prompt(ls, row, task_id) + row.text if row.row.completion else row.text
    except TokenBlameError as error:
        ls.editor.warn(error.message)
        return None
    path = await _open(ls, lambda: sample_file(task_id, number, code))
    return None if path is None else {"uri": path.as_uri()}


async def _prompt(ls: TokenBlameServer, row: Snapshot, task_id: str) -> str:
    """Of the task of a row. Raises what the engine reports, and Outdated after an edit."""
    progress = ls.editor.progress(f"Token Blame {task_id}: its prompt")
    task = await ls.explainer.work.inquiries.ask(row, TaskRequest(task_id), Task, progress)
    return task.prompt


async def _open(ls: TokenBlameServer, write: Callable[[], Path]) -> Path | None:
    """Write a file and show it; says where it is to clients that cannot be told to show it."""
    path = _written(ls, write)
    if path is not None and not await ls.editor.show_document(path.as_uri()):
        ls.editor.tell(f"See {path}.")
    return path


def _written(ls: TokenBlameServer, write: Callable[[], Path]) -> Path | None:
    """The file, written; None, with a message, where it cannot be."""
    try:
        return write()
    except TokenBlameError as error:
        ls.editor.error(error.message)
        return None


def _uri(command: str, arguments: tuple[Any, ...]) -> str:
    match arguments:
        case [str(uri)]:
            return uri
        case _:
            raise JsonRpcInvalidParams(f"{command} needs [uri].")


def _explained(ls: TokenBlameServer, uri: str) -> Session | None:
    """What is known about a sample that is open; None, with a message, where that is nothing."""
    snapshot = ls.explainer.open(uri)
    session = ls.explainer.sessions.get(snapshot) if snapshot else None
    if snapshot is not None and (session is None or session.explanation.verdict is None):
        ls.editor.warn("This sample is not explained yet.")
        return None
    return session


def _version(snapshot: Snapshot | None) -> Answer:
    return None if snapshot is None else {"version": snapshot.version}

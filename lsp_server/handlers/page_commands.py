"""Commands that make a page or a file of what is known about a sample, and show it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from attribution.errors import TokenBlameError
from attribution.graphs.page import to_html
from attribution.schema import Task, TaskRequest
from lsp_server.documents.cache import graph_file, report_file, sample_file
from lsp_server.documents.snapshot import Snapshot
from lsp_server.features.panel.comparison import comparison_report
from lsp_server.features.panel.details import Explained
from lsp_server.features.panel.report import report
from lsp_server.handlers.lookup import Answer, explained_session, sample_at, uri_argument
from lsp_server.handlers.panel_requests import comparison_of, graph_of
from lsp_server.handlers.pass_curve import curve_of
from lsp_server.handlers.window import TokenBlameServer
from lsp_server.protocol.messages import PanelSection
from lsp_server.protocol.names import COMPARE, CURVE, GRAPH, OPEN_SAMPLE, REPORT
from lsp_server.protocol.progress import WorkDone


async def copy_report(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri; answers {"markdown": …}.

    A client that declares `experimental.report` gets the report as a notification, to put it into
    its clipboard; for another one it is a document, opened.
    """
    uri = uri_argument(REPORT, arguments)
    if (session := explained_session(ls, uri)) is None:
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
    uri = uri_argument(GRAPH, arguments)

    async def page(explained: Explained, progress: WorkDone) -> Path | None:
        graph = await graph_of(ls, explained, progress)
        title, html = explained.session.task_id or "graph", to_html(graph, explained.generation)
        path = _write(ls, lambda: graph_file(title, html))
        if path is not None and not await ls.editor.show_page(path.as_uri()):
            ls.editor.tell(f"See {path}.")
        return path

    return await _show(ls, uri, PanelSection.GRAPH, page)


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

    async def page(explained: Explained, progress: WorkDone) -> Path | None:
        markdown = comparison_report(explained, await comparison_of(ls, explained, progress, model))
        name = f"{explained.session.task_id}-comparison"
        return await _open(ls, lambda: report_file(name, markdown))

    return await _show(ls, uri, PanelSection.COMPARE, page)


async def show_curve(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri; answers {"uri": …} of a report, which every client opens as a document."""
    if (session := explained_session(ls, uri_argument(CURVE, arguments))) is None:
        return None
    progress = ls.editor.progress(f"Token Blame {session.task_id}: where it lost the thread")
    try:
        markdown = await curve_of(ls, session, progress)
    except TokenBlameError as error:
        ls.editor.warn(error.message)
        return None
    path = await _open(ls, lambda: report_file(f"{session.task_id}-curve", markdown))
    return None if path is None else {"uri": path.as_uri()}


async def open_sample(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri, {"line": …} of a samples file; answers {"uri": …} of a file with the sample.

    A completion lacks the task's prompt, which only the engine knows.
    """
    match arguments:
        case [str(uri), {"line": int(number)}]:
            sample = sample_at(ls, uri, number)
        case _:
            raise JsonRpcInvalidParams(f'{OPEN_SAMPLE} needs [uri, {{"line": …}}].')
    if sample is None or (line := sample.sample_line) is None:
        return None
    try:
        prompt = await _task_prompt(ls, sample, line.task_id) if line.completion else ""
    except TokenBlameError as error:
        ls.editor.warn(error.message)
        return None
    path = await _open(ls, lambda: sample_file(line.task_id, line.number, prompt + sample.text))
    return None if path is None else {"uri": path.as_uri()}


async def _task_prompt(ls: TokenBlameServer, sample: Snapshot, task_id: str) -> str:
    """The prompt of a task. Raises what the engine reports, and Outdated after an edit."""
    progress = ls.editor.progress(f"Token Blame {task_id}: its prompt")
    task = await ls.scheduler.ask_engine(sample, TaskRequest(task_id), Task, progress)
    return task.prompt


async def _show(
    ls: TokenBlameServer,
    uri: str,
    section: PanelSection,
    page: Callable[[Explained, WorkDone], Awaitable[Path | None]],
) -> Answer:
    """In the client's own panel, or as a page; says why where there is nothing to show."""
    session = explained_session(ls, uri)
    if session is None or ls.editor.open_panel(uri, section):
        return None
    progress = ls.editor.progress(f"Token Blame {session.task_id}: {section}")
    try:
        path = await page(Explained.of(session), progress)
    except TokenBlameError as error:
        ls.editor.warn(error.message)
        return None
    return None if path is None else {"uri": path.as_uri()}


async def _open(ls: TokenBlameServer, write: Callable[[], Path]) -> Path | None:
    """Write a file and show it; says where it is to clients that cannot be told to show it."""
    path = _write(ls, write)
    if path is not None and not await ls.editor.show_document(path.as_uri()):
        ls.editor.tell(f"See {path}.")
    return path


def _write(ls: TokenBlameServer, write: Callable[[], Path]) -> Path | None:
    """The file, written; None, with a message, where it cannot be."""
    try:
        return write()
    except TokenBlameError as error:
        ls.editor.error(error.message)
        return None

"""Requests of clients with a panel of their own, about a document that is explained.

`tokenblame/details`, `tokenblame/graph` and `tokenblame/compare`; protocol/messages.py has what
they take and answer. Where the version that is asked about has moved on, before or while something
is computed, the answer is the error ContentModified; where the engine could not, RequestFailed with
a message for the user. What takes time tells its progress under `workDoneToken` and ends when the
client cancels the request.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from attrs import evolve
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcContentModified, JsonRpcException, JsonRpcInvalidParams

from attribution.errors import InvalidRequest, TokenBlameError
from attribution.graphs.export import to_json
from attribution.schema import (
    AttributionGraph,
    CompareRequest,
    Comparison,
    ExplainRequest,
    GraphRequest,
)
from lsp_server.engine.side_requests import Outdated
from lsp_server.features.panel.comparison import to_comparison
from lsp_server.features.panel.details import Explained, places, to_details
from lsp_server.handlers.window import TokenBlameServer
from lsp_server.protocol.converter import Json, from_wire, to_wire
from lsp_server.protocol.messages import (
    CompareParams,
    ComparisonAnswer,
    DocumentParams,
    GraphAnswer,
    GraphParams,
)
from lsp_server.protocol.progress import WorkDone
from lsp_server.state.requests import ExplainOptions, explain_request
from lsp_server.state.session import Session

T = TypeVar("T")
P = TypeVar("P", bound=DocumentParams)


def details(ls: TokenBlameServer, params: Any) -> Json | None:
    """What is known already; null where nothing is."""
    session = _session(ls, _structured(params, DocumentParams))
    return None if session is None else to_wire(to_details(session, ls.settings))


async def graph(ls: TokenBlameServer, params: Any) -> Json:
    """The graph of the pair that is shown."""
    wanted = _structured(params, GraphParams)

    async def answer(known: Explained, progress: WorkDone) -> GraphAnswer:
        graph = await graph_of(ls, known, progress, midpoints=wanted.midpoints)
        snapshot, count = known.session.snapshot, len(graph.relevance[0])
        ranges = places(snapshot, known.generation, count)
        return GraphAnswer(snapshot.version, to_json(graph, known.generation), ranges)

    return await _answer(ls, wanted, "attribution graph", answer)


async def compare(ls: TokenBlameServer, params: Any) -> Json:
    """This model and another one on the pair that is shown."""
    wanted = _structured(params, CompareParams)

    async def answer(known: Explained, progress: WorkDone) -> ComparisonAnswer:
        comparison = await comparison_of(ls, known, progress, wanted.model)
        return to_comparison(known, comparison)

    return await _answer(ls, wanted, "comparison of models", answer)


async def graph_of(
    ls: TokenBlameServer, known: Explained, progress: WorkDone, *, midpoints: bool = False
) -> AttributionGraph:
    """The graph of the pair that is shown."""
    request = GraphRequest(_explain(ls, known.session), midpoints=midpoints)
    return await _ask(ls, known.session, request, AttributionGraph, progress)


async def comparison_of(
    ls: TokenBlameServer, known: Explained, progress: WorkDone, model: str | None
) -> Comparison:
    """The same pair in another model; None: in the sibling that the settings name."""
    settings = ls.settings
    other = evolve(settings, sibling=model or settings.sibling).for_sibling
    if other is None:
        raise InvalidRequest(
            "Which model to compare with? Set `tokenblame.sibling`, e.g. to qwen2.5-coder-1.5b."
        )
    request = CompareRequest(_explain(ls, known.session), other)
    return await _ask(ls, known.session, request, Comparison, progress)


def _explain(ls: TokenBlameServer, session: Session) -> ExplainRequest:
    """About the pair that is shown: nothing is run or searched for it."""
    options = ExplainOptions(pair=session.explanation.pair)
    return explain_request(session.snapshot, session.task_id, ls.conditions, options)


async def _ask(
    ls: TokenBlameServer, session: Session, request: Any, wanted: type[T], progress: WorkDone
) -> T:
    found = await ls.scheduler.ask_engine(session.snapshot, request, wanted, progress)
    now = ls.sessions.get(session.snapshot)
    if now is None or now.explanation.pair != session.explanation.pair:
        raise Outdated
    return found


async def _answer(
    ls: TokenBlameServer,
    params: DocumentParams,
    title: str,
    answer: Callable[[Explained, WorkDone], Awaitable[GraphAnswer | ComparisonAnswer]],
) -> Json:
    session = _session(ls, params)
    try:
        known = Explained.of(session)
        heading = f"Token Blame {known.session.task_id}: {title}"
        progress = ls.editor.progress(heading, params.work_done_token)
        return to_wire(await answer(known, progress))
    except Outdated as error:
        raise JsonRpcContentModified(error.message) from error
    except TokenBlameError as error:
        raise JsonRpcException(error.message, lsp.LSPErrorCodes.RequestFailed.value) from error


def _structured(params: Any, message: type[P]) -> P:
    try:
        return from_wire(params, message)
    except ValueError as error:
        raise JsonRpcInvalidParams(f'It needs {{"uri": …}}: {error}.') from error


def _session(ls: TokenBlameServer, params: DocumentParams) -> Session | None:
    """What is known about the latest version; raises where the client means another one."""
    snapshot = ls.documents.get(params.uri)
    if snapshot is None or params.version not in (None, snapshot.version):
        raise JsonRpcContentModified("The document is not open, or in another version.")
    return ls.sessions.get(snapshot)

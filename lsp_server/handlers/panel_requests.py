"""Requests of clients with a panel of their own, about a document that is explained.

All take `{"uri", "version"?, "workDoneToken"?}` and answer with the version that they are about.
Where that version has moved on, before or while something is computed, the answer is the error
ContentModified; where the engine could not, RequestFailed with a message for the user. What takes
time tells its progress under `workDoneToken` and ends when the client cancels the request.

    tokenblame/details    what is known already (features/panel/details.py); null where nothing is
    tokenblame/graph      {"version", "graph": the JSON of `tokenblame graph --json`,
                          "places": the range of each of its tokens in the document that it names};
                          "midpoints": true adds the states between attention and MLP
    tokenblame/compare    {"version", "models": [this one, the sibling]}
                          (features/panel/comparison.py); "model" names another one than the sibling
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
from lsp_server.protocol.progress import WorkDone
from lsp_server.state.requests import ExplainOptions, explain_request
from lsp_server.state.session import Session

Json = dict[str, Any]
T = TypeVar("T")


def details(ls: TokenBlameServer, params: Any) -> Json | None:
    session = _session(ls, params)
    return None if session is None else to_details(session, ls.settings)


async def graph(ls: TokenBlameServer, params: Any) -> Json:
    midpoints = getattr(params, "midpoints", None) is True

    async def answer(known: Explained, progress: WorkDone) -> Json:
        found = await graph_of(ls, known, progress, midpoints=midpoints)
        return {
            "version": known.session.snapshot.version,
            "graph": to_json(found, known.generation),
            "places": places(known.session.snapshot, known.generation, len(found.relevance[0])),
        }

    return await _answer(ls, params, "attribution graph", answer)


async def compare(ls: TokenBlameServer, params: Any) -> Json:
    async def answer(known: Explained, progress: WorkDone) -> Json:
        model = getattr(params, "model", None)
        found = await comparison_of(ls, known, progress, model if isinstance(model, str) else None)
        return to_comparison(known, found)

    return await _answer(ls, params, "comparison of models", answer)


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
    params: Any,
    title: str,
    answer: Callable[[Explained, WorkDone], Awaitable[Json]],
) -> Json:
    session = _session(ls, params)
    try:
        known = Explained.of(session)
        token = getattr(params, "workDoneToken", None)
        progress = ls.editor.progress(f"Token Blame {known.session.task_id}: {title}", token)
        return await answer(known, progress)
    except Outdated as error:
        raise JsonRpcContentModified(error.message) from error
    except TokenBlameError as error:
        raise JsonRpcException(error.message, lsp.LSPErrorCodes.RequestFailed.value) from error


def _session(ls: TokenBlameServer, params: Any) -> Session | None:
    """What is known about the latest version; raises where the client means another one."""
    uri, version = getattr(params, "uri", None), getattr(params, "version", None)
    if not isinstance(uri, str):
        raise JsonRpcInvalidParams('It needs {"uri": …}.')
    snapshot = ls.documents.get(uri)
    if snapshot is None or version not in (None, snapshot.version):
        raise JsonRpcContentModified("The document is not open, or in another version.")
    return ls.sessions.get(snapshot)

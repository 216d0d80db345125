"""Commands that start or stop an explanation, or change what is explained."""

from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from attribution.schema import doctest_id, task_id_problem
from lsp_server.documents.doctests import functions_with_examples
from lsp_server.documents.samples_file import samples_of
from lsp_server.documents.snapshot import Snapshot
from lsp_server.handlers.lookup import (
    Answer,
    explained_session,
    open_document,
    sample_at,
    uri_argument,
)
from lsp_server.handlers.window import TokenBlameServer
from lsp_server.protocol.names import (
    ATTRIBUTE,
    CANCEL,
    CHECK,
    EXPLAIN,
    SEARCH_LONGER,
    SET_TASK,
)
from lsp_server.state.choices import pair_at
from lsp_server.state.requests import ExplainOptions


def explain(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri, {"taskId": …} or {"line": …} of a samples file; answers the version."""
    match arguments:
        case [str(uri), {"line": int(line)}]:
            snapshot = _explain_line(ls, uri, line)
        case [str(uri), {"taskId": str(task_id)}]:
            snapshot = _explain(ls, uri, task_id)
        case [str(uri)] | [str(uri), None]:
            snapshot = _explain(ls, uri, None)
        case [str(uri), dict(options)] if not options.keys() & {"taskId", "line"}:
            snapshot = _explain(ls, uri, None)
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
            return _version(_explain(ls, uri, task_id.strip()))
        case _:
            raise JsonRpcInvalidParams(f'{SET_TASK} needs [uri, {{"taskId": …}}].')


def cancel(ls: TokenBlameServer, *arguments: Any) -> None:
    """Arguments: uri?; without one, all work is stopped."""
    match arguments:
        case [] | [None]:
            ls.scheduler.cancel()
        case [str(uri)]:
            snapshot = ls.documents.get(uri)
            if snapshot is not None:
                ls.scheduler.cancel(document=snapshot.uri)
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
            session = explained_session(ls, uri)
        case _:
            raise JsonRpcInvalidParams(
                f'{ATTRIBUTE} needs [uri, {{"version": …, "position": …, "contrast": …}}].'
            )
    if session is None:
        return None
    if session.snapshot.version != version:
        ls.editor.warn("The text has changed since; ask again once it is explained.")
        return None
    if (pair := pair_at(session.explanation, position, contrast)) is None:
        ls.editor.warn("The model's likeliest tokens there do not include this one.")
        return None
    ls.scheduler.explain_with(session.snapshot, ExplainOptions(pair))
    return _version(session.snapshot)


def search_longer(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri. The search goes on with a larger budget."""
    if (session := explained_session(ls, uri_argument(SEARCH_LONGER, arguments))) is None:
        return None
    options = session.options.longer_search(session.explanation)
    ls.scheduler.explain_with(session.snapshot, options)
    return _version(session.snapshot)


def check_faithfulness(ls: TokenBlameServer, *arguments: Any) -> Answer:
    """Arguments: uri. Interventions are compared with the map that is shown."""
    session = explained_session(ls, uri_argument(CHECK, arguments))
    if session is None:
        return None
    if session.explanation.attribution is None:
        ls.editor.warn("There is no map to check yet.")
        return None
    options = session.options.faithfulness_check(session.explanation)
    ls.scheduler.explain_with(session.snapshot, options)
    return _version(session.snapshot)


def _explain(ls: TokenBlameServer, uri: str, task_id: str | None) -> Snapshot | None:
    """Explain an open document now; None, with a message, where that cannot be."""
    if (snapshot := open_document(ls, uri)) is None:
        return None
    if samples_of(snapshot):
        ls.editor.warn("This file holds many samples: ask about one of its lines.")
        return None
    session = ls.sessions.get(snapshot)
    if task_id is None and (session is None or session.task_id is None):
        functions = functions_with_examples(snapshot)
        task_id = doctest_id(functions[0].name) if functions else ""
    if task_id is not None and (problem := _task_problem(task_id)) is not None:
        ls.editor.warn(problem)
        return None
    ls.scheduler.explain(snapshot, task_id)
    return snapshot


def _task_problem(task_id: str) -> str | None:
    """What to tell the user; None for what can be the id of a task."""
    if task_id:
        return task_id_problem(task_id)
    return (
        "Which task does this file solve? Put it into a folder named after the task "
        '(HumanEval_65/0.py), name it ({"taskId": "HumanEval/65"} with the command), or give a '
        "function a docstring with examples (`>>> f(1)`)."
    )


def _explain_line(ls: TokenBlameServer, uri: str, number: int) -> Snapshot | None:
    """Explain one line of a samples file; None, with a message, where it is no sample."""
    if (sample := sample_at(ls, uri, number)) is not None:
        ls.scheduler.explain(sample)
    return sample


def _version(snapshot: Snapshot | None) -> Answer:
    return None if snapshot is None else {"version": snapshot.version}

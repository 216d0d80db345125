"""Settings and workspace trust: what the client says at the start and at run time."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from lsp_server.documents.cache_cleanup import remove_old_files
from lsp_server.handlers.window import TokenBlameServer
from lsp_server.protocol.names import TRUST
from lsp_server.state.settings import SECTION, Settings
from lsp_server.state.settings_parser import parse

_ANSWER_TIMEOUT = 5.0  # seconds that a client has to tell its settings

_log = logging.getLogger(__name__)


def take_options(ls: TokenBlameServer, options: Any) -> None:
    """The initialization options: `trusted` and `settings`."""
    options = options if isinstance(options, dict) else {}
    trusted = options.get("trusted")
    ls.initial_settings, problems = parse(options.get("settings"), Settings())
    ls.scheduler.begin(ls.initial_settings, trusted if isinstance(trusted, bool) else None)
    _warn(ls, problems)


async def initialized(ls: TokenBlameServer, _params: lsp.InitializedParams) -> None:
    if ls.editor.supports("workspace.did_change_configuration.dynamic_registration"):
        registration = lsp.Registration(
            id="tokenblame-settings",
            method=lsp.WORKSPACE_DID_CHANGE_CONFIGURATION,
            register_options={"section": SECTION},
        )
        ls.client_register_capability(lsp.RegistrationParams([registration]))
    await _pull(ls)
    await asyncio.to_thread(remove_old_files)


async def did_change_configuration(
    ls: TokenBlameServer, params: lsp.DidChangeConfigurationParams
) -> None:
    if ls.editor.supports("workspace.configuration"):
        await _pull(ls)
    else:
        pushed = params.settings
        _apply(ls, pushed.get(SECTION, pushed) if isinstance(pushed, dict) else pushed)


async def _pull(ls: TokenBlameServer) -> None:
    """Ask the client for its section; what comes too late is applied all the same."""
    if not ls.editor.supports("workspace.configuration"):
        _apply(ls, None)
        return
    ls.settings_requests += 1
    number = ls.settings_requests
    item = lsp.ConfigurationItem(section=SECTION)
    answer = asyncio.ensure_future(
        ls.workspace_configuration_async(lsp.ConfigurationParams([item]))
    )
    await asyncio.wait([answer], timeout=_ANSWER_TIMEOUT)
    if not answer.done():
        ls.editor.log("The client has not told its settings yet; the defaults are used for now.")
        ls.scheduler.settle()
    try:
        sections = await answer
    except JsonRpcException as error:
        ls.editor.log(f"The client does not tell its settings: {error}")
        sections = None
    if number == ls.settings_requests:
        _apply(ls, sections[0] if sections else None)


def _apply(ls: TokenBlameServer, section: Any) -> None:
    settings, problems = parse(section, ls.initial_settings)
    _warn(ls, problems)
    ls.scheduler.apply(settings)


def _warn(ls: TokenBlameServer, problems: Sequence[str]) -> None:
    """Once for each problem, and again only where it was put right in between."""
    for problem in problems:
        if problem not in ls.reported_problems:
            ls.editor.warn(problem)
    ls.reported_problems = frozenset(problems)


def trust(ls: TokenBlameServer, params: Any) -> None:
    """The client's workspace trust was given or withdrawn."""
    trusted = getattr(params, "trusted", None)
    if isinstance(trusted, bool):
        ls.scheduler.set_client_trust(trusted)
    else:
        _log.error("%s needs {trusted: boolean}, got %r", TRUST, params)

"""What differs between editors: capabilities, encodings, trust and when to run."""

from typing import Any

import pytest
from lsprotocol import types as lsp
from pytest_lsp import LanguageClient

from attribution.ipc.wire import Done
from attribution.schema import ModelSettings
from tests.lsp_server.answers import explained
from tests.lsp_server.conftest import Start
from tests.lsp_server.driver import capabilities
from tests.lsp_server.peer import Peer
from tests.lsp_server.samples import (
    CODE,
    FAILING,
    PASSING,
    attribution,
    generation,
    margin,
    pair,
    tokens,
)
from tests.lsp_server.samples import PIECES as PIECES

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "file:///w/HumanEval_0/0.py"


@pytest.mark.parametrize(
    ("encoding", "column"),
    [
        (lsp.PositionEncodingKind.Utf8, 4),
        (lsp.PositionEncodingKind.Utf16, 2),
        (lsp.PositionEncodingKind.Utf32, 1),
    ],
)
async def test_the_clients_encoding_counts(
    start: Start, peer: Peer, encoding: lsp.PositionEncodingKind, column: int
) -> None:
    general = lsp.GeneralClientCapabilities(position_encodings=[encoding])
    driver = await start(declared=capabilities(general=general))
    pieces = [("😀", PIECES[1][1]), *PIECES[1:]]
    text = "".join(piece for piece, _ in pieces)
    driver.open(URI, text)
    received = await peer.next_request()
    made = tokens(pieces)
    received.send(FAILING, generation(made, code=text), pair(), attribution(), Done())
    relevance = [await driver.seen(driver.relevance) for _ in range(3)][-1]
    assert relevance["spans"][0]["range"]["end"] == {"line": 0, "character": column}


async def test_a_plain_client_gets_diagnostics_only(start: Start, peer: Peer) -> None:
    driver = await start(declared=lsp.ClientCapabilities())
    driver.open(URI, CODE)
    received = await peer.next_request()
    received.send(FAILING, generation(), pair(), attribution(), Done())
    final = [await driver.published() for _ in range(3)][-1]
    assert final.diagnostics[0].related_information is None
    assert driver.relevance.empty()
    assert driver.status.empty()
    assert driver.progress.empty()


async def test_nothing_runs_in_an_untrusted_workspace(start: Start, peer: Peer) -> None:
    driver = await start({"trusted": True}, options={"trusted": False})
    driver.open(URI, CODE)
    (diagnostic,) = (await driver.published()).diagnostics
    assert diagnostic.severity is lsp.DiagnosticSeverity.Information
    assert diagnostic.code == "untrusted"
    assert peer.requests.empty()
    driver.trust(True)
    received = await peer.next_request()
    assert received.request.trusted
    driver.trust(False)
    assert (await driver.published()).diagnostics[0].code == "untrusted"


async def test_an_editor_without_trust_needs_the_setting(start: Start, peer: Peer) -> None:
    driver = await start(options={})
    driver.open(URI, CODE)
    assert (await driver.published()).diagnostics[0].code == "untrusted"
    driver.configure(trusted=True)
    (await peer.next_request()).send(PASSING, Done())
    assert list((await driver.published()).diagnostics) == []


async def test_manual_runs_when_asked(start: Start, peer: Peer) -> None:
    driver = await start({"run": "manual"})
    driver.open(URI, CODE)
    driver.save(URI)
    answer = await driver.command("tokenblame.explain", URI)
    assert answer == {"version": 1}
    await peer.next_request()
    assert peer.requests.empty()


async def test_a_save_leaves_alone_what_was_asked_for(start: Start, peer: Peer) -> None:
    driver = await start({"run": "manual"})
    driver.open(URI, CODE)
    await driver.command("tokenblame.explain", URI)
    await driver.published()
    await explained(driver, await peer.next_request())
    peer.answers_margins = True
    driver.insert(URI, 2, "\n")
    await driver.command("tokenblame.explain", URI)
    margin_request = await peer.next_margin_request()
    driver.save(URI)
    assert await driver.hover(URI, 0, 0) is None  # the save has been handled
    margin_request.send(margin(0.8), Done())
    assert (await peer.next_request()).request.code == "\n" + CODE


async def test_save_runs_on_saving(start: Start, peer: Peer) -> None:
    driver = await start({"run": "save"})
    driver.open(URI, CODE)
    driver.insert(URI, 2, "\n")
    driver.save(URI)
    received = await peer.next_request()
    assert received.request.code == "\n" + CODE
    received.send(PASSING, Done())
    assert peer.requests.empty()


async def test_settings_without_a_section_to_ask(start: Start, peer: Peer) -> None:
    workspace = lsp.WorkspaceClientCapabilities(configuration=False)
    options = {"trusted": True, "settings": {"model": "first", "debounce": 0, "form": 1}}
    driver = await start(declared=capabilities(workspace=workspace), options=options)
    assert "`tokenblame.form` must be one of" in await driver.message()
    driver.open(URI, CODE)
    assert (await peer.next_request()).request.settings.model == "first"
    driver.client.workspace_did_change_configuration(
        lsp.DidChangeConfigurationParams({"tokenblame": {"model": "second"}})
    )
    assert (await peer.next_request()).request.settings.model == "second"


async def test_a_client_that_fails_to_tell_its_settings(
    start: Start, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_client: LanguageClient, **_wanted: Any) -> Any:
        raise KeyError("tokenblame")

    monkeypatch.setattr(LanguageClient, "get_configuration", refuse)
    driver = await start()
    driver.open(URI, CODE)
    assert (await peer.next_request()).request.settings == ModelSettings()

"""What an edit did to Δℓ comes first, over the wire."""

import asyncio

import pytest
from attrs import evolve
from lsprotocol import types as lsp

from attribution.ipc.wire import Done
from attribution.schema import MarginRequest
from tests.lsp_server.answers import explained
from tests.lsp_server.conftest import Start
from tests.lsp_server.driver import Driver
from tests.lsp_server.peer import Peer
from tests.lsp_server.samples import (
    CODE,
    FAILING,
    PASSING,
    PIECES,
    TARGET,
    attribution,
    generation,
    margin,
    pair,
    tokens,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "file:///w/HumanEval_0/0.py"
EDITED = f"# why\n{CODE}"
LINE = "After the edit: Δℓ 1.32 → 0.80: the model still prefers `␣<=` (61%)."
LATER = tuple(evolve(token, start=token.start + 6, end=token.end + 6) for token in tokens(PIECES))


async def ready(driver: Driver, peer: Peer) -> None:
    """A failing sample, explained; from here on the peer tells what the model thinks."""
    driver.open(URI, CODE)
    await explained(driver, await peer.next_request())
    peer.answers_margins = True


async def edited(driver: Driver, peer: Peer) -> None:
    driver.insert(URI, 2, "# why\n")
    assert list((await driver.published()).diagnostics) == []  # at once
    margin_request = await peer.next_margin_request()
    margin_request.send(margin(0.8), Done())


async def test_the_difference_comes_before_any_test(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    driver.insert(URI, 2, "# why\n")
    assert list((await driver.published()).diagnostics) == []
    received = await peer.next_margin_request()
    assert isinstance(received.request, MarginRequest)
    assert received.request.explain.code == EDITED
    assert received.request.offset == EDITED.index(" <=")
    assert (received.request.target, received.request.contrast) == (TARGET, 90)
    assert peer.requests.empty()  # nothing is graded or searched yet
    received.send(margin(0.8), Done())
    shown = await driver.published()
    (diagnostic,) = shown.diagnostics
    assert (shown.version, diagnostic.message, diagnostic.code) == (2, LINE, "counterfactual")
    assert diagnostic.severity is lsp.DiagnosticSeverity.Information
    assert diagnostic.range == lsp.Range(lsp.Position(2, 12), lsp.Position(2, 15))
    assert "Δℓ 1.32 → 0.80: the model still prefers ␣<= (61%)" in await driver.titles(URI)
    assert (await peer.next_request()).request.code == EDITED


async def test_the_lens_says_what_happens_next(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    driver.insert(URI, 2, "# why\n")
    margin_request = await peer.next_margin_request()
    assert await driver.titles(URI) == ["Edited; the tests follow"]
    margin_request.send(margin(0.8), Done())
    await peer.next_request()
    assert await driver.titles(URI) == [
        "Explaining … click to stop",
        "Δℓ 1.32 → 0.80: the model still prefers ␣<= (61%)",
    ]
    await driver.command("tokenblame.cancel", URI)
    assert (await driver.titles(URI))[0] == "Explain why it fails"


async def test_the_lens_leads_to_the_token(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    await edited(driver, peer)
    await driver.published()
    (lens,) = [lens for lens in await driver.lenses(URI) if "Δℓ 1.32 →" in str(lens.command)]
    assert lens.command is not None
    await driver.command(lens.command.command, *(lens.command.arguments or ()))
    shown = driver.client.shown_documents[-1]
    assert shown.selection == lsp.Range(lsp.Position(2, 12), lsp.Position(2, 15))


async def test_the_results_take_its_place_and_mention_it(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    await edited(driver, peer)
    await driver.published()
    received = await peer.next_request()
    received.send(FAILING)
    failing, beside = (await driver.published()).diagnostics
    assert (failing.code, beside.message) == ("fails", LINE)
    received.send(generation(LATER, EDITED), pair(logit_diff=0.8))
    (diagnostic,) = (await driver.published()).diagnostics
    assert diagnostic.message.startswith("Fails base test")
    assert diagnostic.message.endswith(LINE)
    again = evolve(attribution(chosen=pair(logit_diff=0.8)), logit_diff=0.8)
    received.send(again, Done())
    assert (await driver.published()).diagnostics[0].message.endswith(LINE)


async def test_a_text_that_is_back_is_compared_with_nothing(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    await edited(driver, peer)
    await driver.published()
    await peer.next_request()
    driver.edit(URI, 3, lsp.TextDocumentContentChangeWholeDocument(CODE))
    assert list((await driver.published()).diagnostics) == []
    again = await peer.next_request()
    assert again.request.code == CODE
    assert peer.margins.empty()
    assert await driver.titles(URI) == ["Explaining … click to stop"]  # no counterfactual
    again.send(FAILING, generation(), pair(), Done())
    await driver.published()
    assert "After the edit" not in (await driver.published()).diagnostics[0].message


async def test_the_next_edit_cancels_the_question(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    driver.insert(URI, 2, "#")
    first = await peer.next_margin_request()
    driver.insert(URI, 3, "#")
    async with asyncio.timeout(20):
        await first.cancelled.wait()
    second = await peer.next_margin_request()
    first.send(margin(9.0), Done())  # too late
    second.send(margin(0.8), Done())
    messages: list[str] = []
    while not messages:
        shown = await driver.published()
        messages = [diagnostic.message for diagnostic in shown.diagnostics]
    assert (shown.version, messages) == (3, [LINE])


async def test_an_edit_of_the_token_itself_is_compared_with_nothing(
    driver: Driver, peer: Peer
) -> None:
    await ready(driver, peer)
    driver.edit(URI, 2, lsp.TextDocumentContentChangeWholeDocument(CODE.replace("<=", "<")))
    assert (await peer.next_request()).request.code == CODE.replace("<=", "<")
    assert peer.margins.empty()


async def test_where_the_engine_finds_no_such_token_nothing_is_said(
    driver: Driver, peer: Peer
) -> None:
    await ready(driver, peer)
    peer.answers_margins = False  # it refuses
    driver.insert(URI, 2, "# why\n")
    assert list((await driver.published()).diagnostics) == []
    received = await peer.next_request()
    received.send(PASSING, Done())
    assert list((await driver.published()).diagnostics) == []
    assert await driver.titles(URI) == ["Passes its tests"]


async def test_another_pair_is_another_question(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    await edited(driver, peer)
    await driver.published()
    (await peer.next_request()).send(
        FAILING, generation(LATER, EDITED), pair(logit_diff=0.8), Done()
    )
    while "proved" not in (await driver.published()).diagnostics[0].message:
        pass
    choice = {"version": 2, "position": 4, "contrast": 90}
    assert await driver.command("tokenblame.attribute", URI, choice) == {"version": 2}
    assert "After the edit" not in (await driver.published()).diagnostics[0].message


async def test_nobody_is_asked_where_typing_explains_nothing(start: Start, peer: Peer) -> None:
    driver = await start({"run": "open"})
    await ready(driver, peer)
    driver.insert(URI, 2, "# why\n")
    assert list((await driver.published()).diagnostics) == []
    assert await driver.titles(URI) == ["Explain why it fails"]
    await driver.command("tokenblame.cancel")
    assert peer.margins.empty()
    assert await driver.command("tokenblame.explain", URI) == {"version": 2}
    await peer.next_margin_request()  # asked for, and compared with what was known

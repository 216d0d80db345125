"""What a user asks for beyond the explanation: other pairs, longer searches, trust, reports."""

import asyncio

import pytest
from attrs import evolve
from lsprotocol import types as lsp

from attribution.ipc.wire import Done
from attribution.schema import (
    ContrastPair,
    ExplainRequest,
    Faithfulness,
    FaithfulnessRequest,
    Origin,
    SearchReport,
)
from tests.lsp_server.answers import explained
from tests.lsp_server.driver import Driver
from tests.lsp_server.peer import Peer
from tests.lsp_server.samples import CODE, FAILING, PASSING, attribution, generation, pair

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "file:///w/HumanEval_0/0.py"
FAULT = (1, 13)
REPAIRED = evolve(pair(), repaired_program=CODE.replace("<=", "<"))
FAITHFULNESS = Faithfulness(
    method="attnlrp",
    complete=False,
    agreements=(),
    effects=(),
    segments=(),
    curves=None,
    forwards=3,
    seconds=1.0,
    message="It predicts interventions.",
)


async def ready(driver: Driver, peer: Peer, proved: ContrastPair = REPAIRED) -> None:
    driver.open(URI, CODE)
    await explained(driver, await peer.next_request(), proved)


async def test_the_lens_tells_the_outcome(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    assert await driver.titles(URI) == ["Explaining … click to stop"]
    await explained(driver, received)
    assert await driver.titles(URI) == [
        "Fails on a base test · ␣<= → ␣< · Δℓ = 1.32",
        "Check faithfulness",
    ]
    lens = (await driver.lenses(URI))[0]
    assert (lens.range.start, lens.range.end) == (lsp.Position(0, 0), lsp.Position(0, 0))
    assert lens.command is not None
    await driver.command(lens.command.command, *(lens.command.arguments or ()))
    shown = driver.client.shown_documents[-1]
    assert (shown.uri, shown.selection) == (
        URI,
        lsp.Range(lsp.Position(1, 12), lsp.Position(1, 15)),
    )


async def test_the_lens_stops_the_work(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    command = (await driver.lenses(URI))[0].command
    assert command is not None
    await driver.command(command.command, *(command.arguments or ()))
    async with asyncio.timeout(20):
        await received.cancelled.wait()
    assert await driver.titles(URI) == ["Explain why it fails"]


async def test_the_repair_is_an_edit_of_this_version(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    repair = (await driver.actions(URI, *FAULT))[0]
    assert (repair.kind, repair.is_preferred) == (lsp.CodeActionKind.QuickFix, True)
    assert repair.edit is not None
    (change,) = repair.edit.document_changes or ()
    assert isinstance(change, lsp.TextDocumentEdit)
    assert change.text_document == lsp.OptionalVersionedTextDocumentIdentifier(URI, 1)
    (edit,) = change.edits
    assert edit == lsp.TextEdit(lsp.Range(lsp.Position(1, 14), lsp.Position(1, 15)), "")


async def test_actions_follow_the_kinds_that_are_wanted(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    at = lsp.Position(*FAULT)
    kinds = {}
    for only in (lsp.CodeActionKind.QuickFix, "tokenblame", "refactor", ""):
        params = lsp.CodeActionParams(
            lsp.TextDocumentIdentifier(URI), lsp.Range(at, at), lsp.CodeActionContext([], [only])
        )
        found = await driver.client.text_document_code_action_async(params)
        kinds[only] = [one.kind for one in found or () if isinstance(one, lsp.CodeAction)]
    assert kinds == {
        "quickfix": ["quickfix"],
        "tokenblame": ["tokenblame"] * 5,
        "refactor": [],
        "": ["quickfix", *["tokenblame"] * 5],
    }


async def test_another_target_is_attributed_without_any_test(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    answer = await driver.perform(URI, (1, 11), "Choose as target: ␣x against ␣<")
    assert answer == {"version": 1}
    chosen = await driver.published()
    assert "compared with `␣<` (Δℓ = 1.50, chosen by hand" in chosen.diagnostics[0].message
    received = await peer.next_request()
    assert isinstance(received.request, ExplainRequest)
    manual = received.request.pair
    assert manual is not None
    assert (manual.position, manual.contrast.id, manual.origin) == (4, 90, Origin.MANUAL)
    assert (manual.target.rank, manual.contrast.rank) == (1, 2)
    found = evolve(attribution((3.0, 0.5, -0.25, 1.0), manual), logit_diff=1.625)
    received.send(generation(), found, Done())
    final = await driver.published()
    assert final.diagnostics[0].range.start == lsp.Position(1, 10)
    assert "Fails base test" in final.diagnostics[0].message
    assert "(Δℓ = 1.62, chosen by hand" in final.diagnostics[0].message
    await driver.perform(URI, (0, 0), "Explain the proved pair: ␣<= → ␣<")
    assert (await peer.next_request()).request.pair == REPAIRED


async def test_a_choice_that_the_model_did_not_have(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    choice = {"version": 1, "position": 5, "contrast": 91}
    assert await driver.command("tokenblame.attribute", URI, choice) is None
    assert "do not include this one" in await driver.message()
    driver.insert(URI, 2, "\n")
    assert await driver.command("tokenblame.attribute", URI, choice) is None
    assert "not explained yet" in await driver.message()
    again = await peer.next_request()
    again.send(FAILING)
    for _ in range(2):
        await driver.published()
    assert await driver.command("tokenblame.attribute", URI, choice) is None
    assert "The text has changed since" in await driver.message()


async def test_a_longer_search_goes_on(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    first = await peer.next_request()
    report = SearchReport(rollouts=3, decoded_tokens=9, proved=0, message="Nothing passed.")
    first.send(FAILING, generation(), report, Done())
    for _ in range(2):
        await driver.published()
    for times in (4, 16):
        await driver.perform(URI, (0, 0), "Search longer")
        received = await peer.next_request()
        assert received.request.rollouts == times * first.request.rollouts
        assert received.request.seconds == times * first.request.seconds
        assert (received.request.code, received.request.exhaust) == (CODE, False)
        assert (await driver.published()).diagnostics[0].message.endswith("Nothing passed.")
        received.send(FAILING, generation(), report, Done())
        await driver.published()
    await driver.perform(URI, (0, 0), "Search longer")
    (await peer.next_request()).send(FAILING, pair(6), pair(), pair(6), attribution(), Done())
    while "with `␣<` the tests pass" not in (await driver.published()).diagnostics[0].message:
        pass
    await driver.perform(URI, (0, 0), "Search longer")
    assert (await peer.next_request()).request.exhaust


async def test_whether_a_map_can_be_trusted(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    await driver.perform(URI, (0, 0), "Check the faithfulness")
    received = await peer.next_request()
    assert isinstance(received.request, FaithfulnessRequest)
    assert received.request.explain.pair == REPAIRED
    received.send(generation(), attribution(chosen=REPAIRED), FAITHFULNESS, Done())
    while (title := (await driver.titles(URI))[1]) == "Explaining … click to stop":
        await asyncio.sleep(0.01)
    assert title.startswith("Faithfulness: ")
    text = (await driver.command("tokenblame.copyReport", URI))["markdown"]
    assert text.endswith("Is the map faithful? It predicts interventions.\n")


async def test_there_must_be_a_map_to_check(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    (await peer.next_request()).send(FAILING, Done())
    await driver.published()
    assert await driver.command("tokenblame.checkFaithfulness", URI) is None
    assert "no map to check" in await driver.message()
    assert peer.requests.empty()


async def test_a_report_is_a_document_where_nobody_copies_it(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    text = (await driver.perform(URI, (0, 0), "Copy a report"))["markdown"]
    assert "# HumanEval/0: why" in text
    assert driver.client.shown_documents[-1].uri.endswith(".md")


async def test_symbols_are_the_segments(driver: Driver, peer: Peer) -> None:
    other = "file:///w/notes.py"
    driver.open(other, CODE)
    await ready(driver, peer)
    found = {}
    for uri in (URI, other):
        params = lsp.DocumentSymbolParams(lsp.TextDocumentIdentifier(uri))
        answer = await driver.client.text_document_document_symbol_async(params)
        found[uri] = [one.name for one in answer or ()]
    assert found == {URI: ["Prompt", "Written by the model"], other: []}


async def test_nothing_is_known_about_what_passes(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    (await peer.next_request()).send(PASSING, Done())
    await driver.published()
    assert await driver.titles(URI) == ["Passes its tests"]
    assert await driver.actions(URI, *FAULT) == []

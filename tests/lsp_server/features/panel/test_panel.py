"""What a client's panel asks: details, graph, comparison; and what other clients get instead."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
from attrs import evolve
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from attribution.graphs.build import assemble
from attribution.graphs.export import to_json
from attribution.graphs.pruning import PruningPolicy
from attribution.ipc.wire import Done, Failed
from attribution.schema import (
    Alternative,
    CompareRequest,
    Comparison,
    ExplainRequest,
    GraphRequest,
    Progress,
)
from tests.attribution.graphs.random_graphs import random_raw
from tests.lsp_server.answers import explained
from tests.lsp_server.conftest import Start
from tests.lsp_server.driver import Driver, capabilities
from tests.lsp_server.peer import Peer, ReceivedRequest
from tests.lsp_server.samples import (
    CODE,
    FAILING,
    PIECES,
    RELEVANCE,
    TARGET,
    attribution,
    generation,
    pair,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "file:///w/HumanEval_0/0.py"
MODIFIED, CANCELLED, FAILED = -32801, -32800, -32803
REPAIRED = evolve(pair(), repaired_program=CODE.replace("<=", "<"))
GRAPH = assemble(
    random_raw(1, stages=4, n=TARGET), PruningPolicy(0.0, mass=1.0), REPAIRED, "attnlrp", "contrast"
)
SIBLING = evolve(generation(), model="larger", tokens=generation().tokens[:TARGET])
OTHER = Comparison(
    SIBLING,
    evolve(attribution((3.0, 0.5, -0.25, -2.0, 0.5), REPAIRED), logit_diff=-0.5),
    (Alternative(90, " <", 2.0, 0.75),),
    same_tokens=True,
)


async def ready(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    await explained(driver, await peer.next_request(), REPAIRED)


async def refused(asking: Any) -> JsonRpcException:
    """The error that a request ends in."""
    with pytest.raises(JsonRpcException) as caught:
        await asking
    return caught.value


async def begun(
    driver: Driver, peer: Peer, method: str, **more: Any
) -> tuple[asyncio.Task[Any], ReceivedRequest]:
    """A request of the panel that the engine is working on."""
    asking = asyncio.create_task(driver.ask(method, uri=URI, version=1, **more))
    return asking, await peer.next_request()


async def cancelled(received: ReceivedRequest) -> None:
    async with asyncio.timeout(20):
        await received.cancelled.wait()


# Details


async def test_details_grow_with_what_is_known(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    early = await driver.ask("tokenblame/details", uri=URI)
    assert (early["taskId"], early["running"], early["verdict"]) == ("HumanEval/0", True, None)
    await explained(driver, received, REPAIRED)
    found = await driver.ask("tokenblame/details", uri=URI, version=1)
    assert found["verdict"]["words"].startswith("Fails base test `f(0)`")
    assert (found["pair"]["target"]["text"], found["pair"]["contrast"]["text"]) == (" <=", " <")
    assert found["pair"]["place"] == {
        "start": {"line": 1, "character": 12},
        "end": {"line": 1, "character": 15},
    }
    assert found["choices"]["positions"][TARGET - 3][0]["written"]
    assert [token["text"] for token in found["tokens"]] == [text for text, _ in PIECES[:TARGET]]
    assert [token["relevance"] for token in found["tokens"]] == list(RELEVANCE)
    assert "+    return x < 0" in found["repair"]["diff"]
    assert found["repair"]["program"] == CODE.replace("<=", "<")
    assert found["attribution"]["words"].startswith("Δℓ 1.32 = tokens 1.10")
    assert (found["faithfulness"], found["sibling"]) == (None, None)


async def test_details_are_of_the_version_that_is_asked_about(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    driver.insert(URI, 2, "\n")
    assert (await refused(driver.ask("tokenblame/details", uri=URI, version=1))).code == MODIFIED
    assert (await driver.ask("tokenblame/details", uri=URI, version=2))["pair"] is None
    closed = driver.ask("tokenblame/details", uri="file:///w/other.py")
    assert (await refused(closed)).code == MODIFIED


# Graph


async def test_the_graph_is_of_the_pair_that_is_shown(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    asking = asyncio.create_task(driver.ask("tokenblame/graph", uri=URI, workDoneToken="mine"))
    received = await peer.next_request()
    request: Any = received.request
    assert isinstance(request, GraphRequest)
    assert (request.explain.pair, request.explain.code) == (REPAIRED, CODE)
    received.send(
        Progress("Following", 0.5), generation(), attribution(chosen=REPAIRED), GRAPH, Done()
    )
    answer = await asking
    assert answer["version"] == 1
    wanted = json.loads(json.dumps(to_json(GRAPH, generation())))
    assert [key for key in wanted if answer["graph"][key] != wanted[key]] == []
    assert len(answer["places"]) == TARGET
    assert answer["places"][3]["start"] == {"line": 1, "character": 0}
    told = []
    while not driver.progress.empty():
        token, value = driver.progress.get_nowait()
        told += [value] if token == "mine" else []
    assert [value["kind"] for value in told] == ["begin", "report", "end"]
    assert told[1]["message"] == "Following"


async def test_an_edit_ends_the_graph_of_the_old_text(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    asking, received = await begun(driver, peer, "tokenblame/graph")
    driver.insert(URI, 2, "\n")
    await cancelled(received)
    assert (await refused(asking)).code == MODIFIED


async def test_another_pair_ends_the_graph_of_the_old_one(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    asking, received = await begun(driver, peer, "tokenblame/graph")
    choice = {"version": 1, "position": TARGET - 1, "contrast": 90}
    await driver.command("tokenblame.attribute", URI, choice)
    await cancelled(received)
    assert (await refused(asking)).code == MODIFIED
    assert isinstance((await peer.next_request()).request, ExplainRequest)


async def test_the_client_gives_up(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    protocol = driver.client.protocol
    sent = protocol.send_request("tokenblame/graph", {"uri": URI}, msg_id="7")
    received = await peer.next_request()
    protocol.notify(lsp.CANCEL_REQUEST, lsp.CancelParams("7"))
    await cancelled(received)
    assert (await refused(asyncio.wrap_future(sent))).code == CANCELLED


async def test_progress_can_be_cancelled(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    asking = asyncio.create_task(driver.ask("tokenblame/graph", uri=URI, workDoneToken="stop"))
    received = await peer.next_request()
    driver.client.window_work_done_progress_cancel(lsp.WorkDoneProgressCancelParams("stop"))
    await cancelled(received)
    assert (await refused(asking)).code == FAILED


async def test_what_the_engine_cannot_is_said(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    asking, received = await begun(driver, peer, "tokenblame/graph")
    received.fail("resource_exhausted", "Too long.")
    error = await refused(asking)
    assert (error.code, error.message) == (FAILED, "Too long.")


@pytest.mark.parametrize("answer", [(GRAPH, Done()), (Failed("resource_exhausted", "Long."),)])
async def test_an_engine_that_left_is_back_and_ready(
    driver: Driver, peer: Peer, answer: tuple[object, ...]
) -> None:
    driver.open(URI, CODE)
    left = await peer.next_request()
    await explained(driver, left, REPAIRED)
    left.hang_up()
    asking, received = await begun(driver, peer, "tokenblame/graph")
    received.send(Progress("Following"), *answer)
    await asyncio.gather(asking, return_exceptions=True)
    told = [driver.status.get_nowait()["state"] for _ in range(driver.status.qsize())]
    assert told[-3:] == ["starting", "computing", "ready"]


async def test_there_must_be_a_map_to_follow(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    error = await refused(driver.ask("tokenblame/graph", uri=URI))
    assert (error.code, "It is being explained." in error.message) == (FAILED, True)
    received.send(FAILING, Done())
    await driver.published()


# Comparison


SIBLING_SET = {"sibling": "larger"}


async def test_the_sibling_is_asked_about_the_same_pair(start: Start, peer: Peer) -> None:
    driver = await start(SIBLING_SET)
    await ready(driver, peer)
    asking, received = await begun(driver, peer, "tokenblame/compare")
    request: Any = received.request
    assert isinstance(request, CompareRequest)
    assert (request.sibling.model, request.explain.pair) == ("larger", REPAIRED)
    received.send(generation(), attribution(chosen=REPAIRED), OTHER, Done())
    answer = await asking
    own, other = answer["models"]
    assert (own["name"], other["name"]) == ("tiny", "larger")
    assert (own["logitDiff"], other["logitDiff"]) == (1.32, -0.5)
    for model in (own, other):
        assert "".join(piece["text"] for piece in model["pieces"]) == "def f(x):\n    return x"
    assert other["pieces"][3]["value"] == -1.0
    assert "they prefer different tokens" in answer["words"]
    asking, received = await begun(driver, peer, "tokenblame/compare")
    received.fail("unsupported_model", "larger has other tokens.")
    assert (await refused(asking)).message == "larger has other tokens."
    asking = asyncio.create_task(driver.ask("tokenblame/compare", uri=URI, model="small"))
    received = await peer.next_request()
    assert isinstance(received.request, CompareRequest)
    assert received.request.sibling.model == "small"
    received.fail("unknown_model", "small is no model.")
    assert (await refused(asking)).message == "small is no model."


async def test_a_sibling_must_be_named(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    error = await refused(driver.ask("tokenblame/compare", uri=URI))
    assert (error.code, "`tokenblame.sibling`" in error.message) == (FAILED, True)


# Clients without a panel


def path_of(uri: str) -> Path:
    return Path(urlparse(uri).path)


async def test_the_graph_opens_as_a_page(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    asking = asyncio.create_task(driver.perform(URI, (0, 0), "Open the attribution graph"))
    (await peer.next_request()).send(GRAPH, Done())
    answer = await asking
    shown = driver.client.shown_documents[-1]
    assert (shown.uri, shown.external) == (answer["uri"], True)
    assert path_of(shown.uri).read_text().startswith("<!doctype html>")


async def test_the_comparison_opens_as_a_report(start: Start, peer: Peer) -> None:
    driver = await start(SIBLING_SET)
    await ready(driver, peer)
    asking = asyncio.create_task(driver.perform(URI, (0, 0), "Compare with"))
    (await peer.next_request()).send(OTHER, Done())
    answer = await asking
    assert driver.client.shown_documents[-1].uri == answer["uri"]
    text = path_of(answer["uri"]).read_text()
    assert "| | tiny | larger |" in text
    assert "| Δℓ | 1.32 | −0.50 |" in text
    assert "| 1 | `␣␣␣␣return` | +1.00 | `␣␣␣␣return` | −2.00 |" in text


async def test_a_command_says_why_there_is_nothing(driver: Driver, peer: Peer) -> None:
    await ready(driver, peer)
    asking = asyncio.create_task(driver.command("tokenblame.showGraph", URI))
    (await peer.next_request()).fail("unsupported_model", "No rules for this one.")
    assert await asking is None
    assert "No rules for this one." in await driver.message()
    assert await driver.command("tokenblame.compareModels", URI) is None
    assert "Which model to compare with?" in await driver.message()


async def test_a_client_with_a_panel_shows_it_itself(start: Start, peer: Peer) -> None:
    declared = capabilities(experimental={"relevance": True, "status": True, "panel": True})
    driver = await start(declared=declared)
    await ready(driver, peer)
    for command, section in (("showGraph", "graph"), ("compareModels", "compare")):
        assert await driver.command(f"tokenblame.{command}", URI) is None
        assert await driver.seen(driver.panels) == {"uri": URI, "section": section}
    assert peer.requests.empty()

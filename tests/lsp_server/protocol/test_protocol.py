"""The real server over stdio, with the engine's side of the socket played by the test."""

import asyncio

import pytest
from attrs import evolve
from lsprotocol import types as lsp

from attribution.errors import EngineUnavailable
from attribution.ipc.wire import Done
from attribution.schema import ModelSettings, Progress
from tests.lsp_server.answers import explained
from tests.lsp_server.driver import Driver
from tests.lsp_server.peer import Peer
from tests.lsp_server.samples import CODE, FAILING, PASSING, attribution, generation, pair

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "file:///w/HumanEval_0/0.py"


async def test_opening_a_sample_explains_it(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    assert received.request.code == CODE
    assert received.request.path == "/w/HumanEval_0/0.py"
    assert received.request.task_id == "HumanEval/0"
    assert received.request.trusted
    final = await explained(driver, received)
    assert final.version == 1
    (diagnostic,) = final.diagnostics
    assert diagnostic.range == lsp.Range(lsp.Position(1, 12), lsp.Position(1, 15))
    assert diagnostic.severity is lsp.DiagnosticSeverity.Error
    assert (diagnostic.source, diagnostic.code) == ("tokenblame", "fails")
    assert "with `␣<` the tests pass" in diagnostic.message
    assert [r.location.uri for r in diagnostic.related_information or []] == [URI] * 4


async def test_the_heat_map_follows_the_contract(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    await explained(driver, await peer.next_request())
    first, proved, final = [await driver.seen(driver.relevance) for _ in range(3)]
    assert (first["spans"], first["pair"]) == ([], None)
    assert proved["spans"] == []
    assert proved["pair"]["range"]["start"] == {"line": 1, "character": 12}
    assert final == {
        "uri": URI,
        "version": 1,
        "state": "computed",
        "taskId": "HumanEval/0",
        "scale": 1.0,
        "logitDiff": 1.32,
        "spans": final["spans"],
        "pair": {
            "range": {
                "start": {"line": 1, "character": 12},
                "end": {"line": 1, "character": 15},
            },
            "target": " <=",
            "contrast": " <",
            "contrastRank": 2,
            "logitDiff": 1.32,
            "origin": "verified",
            "weak": False,
        },
        "completeness": {"sum": 1.1, "leak": 0.2, "bias": 0.02},
        "promptUri": None,
        "promptText": None,
        "promptSpans": [],
    }
    assert final["spans"][2] == {
        "range": {"start": {"line": 0, "character": 5}, "end": {"line": 1, "character": 0}},
        "relevance": -0.25,
        "value": -0.25,
        "role": "prompt",
    }
    assert [one["role"] for one in final["spans"]] == [
        "template",
        "prompt",
        "prompt",
        "output",
        "output",
    ]


async def test_an_edit_clears_at_once_and_explains_the_new_text(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    await explained(driver, await peer.next_request())
    driver.insert(URI, 2, "# 😀\x0c\n")
    cleared = await driver.published()
    assert (cleared.version, list(cleared.diagnostics)) == (2, [])
    stale = [await driver.seen(driver.relevance) for _ in range(4)][-1]
    assert (stale["version"], stale["state"], stale["spans"]) == (2, "stale", [])
    assert await driver.hover(URI, 2, 13) is None
    received = await peer.next_request()
    assert received.request.code == "# 😀\x0c\n" + CODE


async def test_an_edit_cancels_and_old_results_are_never_shown(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    old = await peer.next_request()
    driver.insert(URI, 2, "\n")
    async with asyncio.timeout(20):
        await old.cancelled.wait()
    new = await peer.next_request()
    old.send(FAILING, generation(), pair(), attribution(), Done())
    new.send(PASSING, Done())
    shown = [await driver.published() for _ in range(2)]
    assert [(one.version, list(one.diagnostics)) for one in shown] == [(2, []), (2, [])]
    assert driver.diagnostics.empty()


async def test_hover_while_the_engine_is_silent(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    received.send(FAILING, generation())
    await driver.published()
    received.send(pair())
    await driver.published()
    found = await driver.hover(URI, 1, 13)
    assert found is not None
    assert isinstance(found.contents, lsp.MarkupContent)
    assert "**The faulty token.**" in found.contents.value
    assert found.range == lsp.Range(lsp.Position(1, 12), lsp.Position(1, 15))
    assert await driver.hover("file:///unknown.py", 0, 0) is None


async def test_progress_begins_reports_and_ends(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    token, begin = await driver.seen(driver.progress)
    assert (begin["kind"], begin["title"]) == ("begin", "Token Blame HumanEval/0")
    assert begin["cancellable"]
    received.send(Progress("Searching", 0.5))
    assert await driver.seen(driver.progress) == (
        token,
        {"kind": "report", "message": "Searching", "percentage": 50},
    )
    received.send(PASSING, Done())
    assert await driver.seen(driver.progress) == (token, {"kind": "end"})


async def test_progress_can_be_cancelled(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    token, _ = await driver.seen(driver.progress)
    driver.client.window_work_done_progress_cancel(lsp.WorkDoneProgressCancelParams(token))
    async with asyncio.timeout(20):
        await received.cancelled.wait()
    assert await driver.seen(driver.progress) == (token, {"kind": "end"})


async def test_cancel_by_command_and_again_on_save(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    assert await driver.command("tokenblame.cancel", URI) is None
    async with asyncio.timeout(20):
        await received.cancelled.wait()
    driver.save(URI)
    again = await peer.next_request()
    again.send(PASSING, Done())
    assert list((await driver.published()).diagnostics) == []


async def test_saving_what_is_explained_asks_nothing(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    driver.save(URI)
    received.send(PASSING, Done())
    await driver.published()
    driver.save(URI)
    assert await driver.hover(URI, 0, 0) is None  # the save has been handled when this is answered
    assert peer.requests.empty()


async def test_the_engine_dies_and_is_reached_again(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    connections = peer.connections
    received.send(FAILING)
    await driver.published()
    received.hang_up()
    assert "The engine died" in await driver.message()
    driver.save(URI)
    await explained(driver, await peer.next_request())
    assert peer.connections == connections + 1


async def test_an_engine_that_left_while_idle_is_reached_silently(
    driver: Driver, peer: Peer
) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    received.send(PASSING, Done())
    connections = peer.connections
    await driver.published()
    received.hang_up()
    driver.insert(URI, 2, "\n")
    await driver.published()
    await explained(driver, await peer.next_request())
    assert peer.connections == connections + 1
    assert driver.messages.empty()


async def test_what_the_engine_cannot_do_is_told(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    (await peer.next_request()).fail("unknown_model", "There is no model `x`.")
    assert await driver.message() == "Token Blame: There is no model `x`."
    while (status := await driver.seen(driver.status))["state"] != "error":
        assert status["state"] in ("starting", "ready")
    assert status == {"state": "error", "message": "There is no model `x`.", "uri": URI}
    assert driver.diagnostics.empty()


async def test_an_answer_about_another_text_is_refused(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    received.send(FAILING, evolve(generation(), code=CODE + "#"))
    assert "another text" in await driver.message()


async def test_a_stopped_engine_is_not_started_again(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    first = await peer.next_request()
    first.send(FAILING, Done())
    await driver.published()
    connections = peer.connections
    await driver.command("tokenblame.explain", URI)
    again = await peer.next_request()  # on the same connection, so that a retry would be tempting
    again.fail(EngineUnavailable.code, "The engine was stopped.")
    assert "The engine was stopped." in await driver.message()
    assert peer.requests.empty()
    assert peer.connections == connections


async def test_ten_documents_at_once(driver: Driver, peer: Peer) -> None:
    uris = [f"file:///w/HumanEval_{number}/0.py" for number in range(10)]
    for uri in uris:
        driver.open(uri, CODE)
    received = [await peer.next_request()]
    connections = peer.connections
    received += [await peer.next_request() for _ in uris[1:]]
    assert {one.request.task_id for one in received} == {f"HumanEval/{n}" for n in range(10)}
    assert peer.connections == connections
    for one in reversed(received):
        one.send(FAILING, Done())
    shown = [await driver.published() for _ in uris]
    assert {one.uri for one in shown} == set(uris)
    assert all(list(one.diagnostics) for one in shown)


async def test_closing_cancels_and_clears(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    driver.close(URI)
    async with asyncio.timeout(20):
        await received.cancelled.wait()
    assert list((await driver.published()).diagnostics) == []
    assert (await driver.seen(driver.relevance))["state"] == "cleared"


async def test_settings_take_effect_at_run_time(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    assert received.request.settings == ModelSettings()
    driver.configure(model="small", search={"rollouts": 2})
    async with asyncio.timeout(20):
        await received.cancelled.wait()
    again = await peer.next_request()
    assert again.request.settings.model == "small"
    assert again.request.rollouts == 2
    driver.configure(model=5)
    assert "`tokenblame.model` must be a name" in await driver.message()


async def test_any_python_file_by_command(driver: Driver, peer: Peer) -> None:
    uri = "file:///w/notes.py"
    driver.open(uri, CODE)
    assert await driver.command("tokenblame.explain", uri, {}) is None
    assert "Which task does this file solve?" in await driver.message()
    answer = await driver.command("tokenblame.explain", uri, {"taskId": "Mbpp/2"})
    assert answer == {"version": 1}
    assert (await peer.next_request()).request.task_id == "Mbpp/2"
    assert await driver.command("tokenblame.explain", "file:///w/closed.py") is None
    assert "Open file:///w/closed.py" in await driver.message()

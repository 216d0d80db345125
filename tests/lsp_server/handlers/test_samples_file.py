"""`samples.jsonl` in an editor: lenses, diagnostics, and lines that open as samples."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest
from attrs import evolve
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from attribution.ipc.wire import Done
from attribution.schema import Dataset, Suite, Task, TaskRequest, task_id_from_path
from tests.lsp_server.conftest import Start
from tests.lsp_server.driver import Driver, capabilities, plain
from tests.lsp_server.peer import Peer
from tests.lsp_server.samples import CODE, FAILING, PASSING, attribution, generation, pair

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "file:///w/samples.jsonl"
PROMPT = "def f(x):\n"
TASK = Task("HumanEval/1", Dataset.HUMANEVAL, PROMPT, "f", "v0", (Suite.BASE,))
FILE = "".join(
    json.dumps(row) + "\n"
    for row in (
        {"task_id": "HumanEval/0", "solution": CODE},
        {"task_id": "HumanEval/1", "completion": CODE.removeprefix(PROMPT)},
        {"task_id": "HumanEval/2", "solution": CODE},
    )
)


async def test_every_line_has_its_lens_and_nothing_runs(driver: Driver, peer: Peer) -> None:
    driver.open(URI, FILE)
    lenses = await driver.lenses(URI)
    assert [lens.range.start.line for lens in lenses] == [0, 0, 1, 1, 2, 2]
    titles = await driver.titles(URI)
    assert titles[:2] == ["HumanEval/0: Explain why it fails", "Open as a sample"]
    assert peer.requests.empty()
    assert driver.diagnostics.empty()


def declared(*, resolves: bool, **changes: Any) -> lsp.ClientCapabilities:
    made = capabilities(**changes)
    assert made.text_document is not None
    support = lsp.ClientCodeLensResolveOptions(["command"]) if resolves else None
    made.text_document.code_lens = lsp.CodeLensClientCapabilities(resolve_support=support)
    return made


def said(lens: lsp.CodeLens) -> tuple[str, tuple[Any, ...]]:
    """Its title, and what a click on it sends."""
    assert lens.command is not None
    arguments = plain(lens.command.arguments or [])
    return lens.command.title, (lens.command.command, *arguments)


async def test_what_lenses_say_is_told_when_they_are_in_sight(start: Start, peer: Peer) -> None:
    driver = await start(declared=declared(resolves=True))
    assert driver.declared.code_lens_provider == lsp.CodeLensOptions(resolve_provider=True)
    driver.open(URI, FILE)
    lenses = await driver.lenses(URI)
    assert [lens.range.start.line for lens in lenses] == [0, 0, 1, 1, 2, 2]
    assert not any(lens.command for lens in lenses)
    await driver.command("tokenblame.explain", URI, {"line": 2})
    await driver.published()
    (await peer.next_request()).send(PASSING, Done())
    await driver.published()
    first, *_, outcome, opens = [await driver.resolve(lens) for lens in lenses]
    assert said(first) == (
        "Token Blame: HumanEval/0: Explain why it fails",
        ("tokenblame.explain", URI, {"line": 0}),
    )
    assert said(outcome)[0] == "Token Blame: HumanEval/2: Passes its tests"
    assert said(opens) == (
        "Token Blame: Open as a sample",
        ("tokenblame.openSample", URI, {"line": 2}),
    )
    assert (outcome.range, opens.range) == (lenses[4].range, lenses[5].range)


async def test_a_lens_whose_line_is_gone_stays_as_it_is(start: Start) -> None:
    driver = await start(declared=declared(resolves=True))
    driver.open(URI, FILE)
    last = (await driver.lenses(URI))[-1]
    driver.edit(URI, 2, lsp.TextDocumentContentChangeWholeDocument("\n"))
    assert await driver.resolve(last) == last
    driver.close(URI)
    assert await driver.resolve(last) == last
    for foreign in (None, 7, "2 0 " + URI, {"uri": URI}):
        with pytest.raises(JsonRpcException, match="not of this server"):
            await driver.resolve(lsp.CodeLens(last.range, data=foreign))


@pytest.mark.parametrize(("resolves", "experimental"), [(False, {"relevance": True}), (True, None)])
async def test_other_clients_get_lenses_whole(
    start: Start, resolves: bool, experimental: dict[str, bool] | None
) -> None:
    driver = await start(declared=declared(resolves=resolves, experimental=experimental))
    assert driver.declared.code_lens_provider == lsp.CodeLensOptions(resolve_provider=False)
    driver.open(URI, FILE)
    assert len(await driver.titles(URI)) == 6


async def test_a_line_is_explained_where_it_stands(driver: Driver, peer: Peer) -> None:
    driver.open(URI, FILE)
    lens = (await driver.lenses(URI))[2].command
    assert lens is not None
    assert await driver.command(lens.command, *(lens.arguments or ())) == {"version": 1}
    received = await peer.next_request()
    assert (received.request.task_id, received.request.path) == ("HumanEval/1", None)
    assert (received.request.code, received.request.completion) == (CODE.removeprefix(PROMPT), True)
    await driver.published()
    assert (await driver.titles(URI))[2] == "HumanEval/1: Explaining …"
    received.send(FAILING, generation(), pair(), attribution(), Done())
    final = [await driver.published() for _ in range(2)][-1]
    (diagnostic,) = final.diagnostics
    assert (final.uri, final.version, diagnostic.range.start.line) == (URI, 1, 1)
    assert diagnostic.message.startswith("HumanEval/1: Fails base test")
    assert (await driver.titles(URI))[
        2
    ] == "HumanEval/1: Fails on a base test · ␣<= → ␣< · Δℓ = 1.32"


async def test_a_file_as_a_whole_is_no_sample(driver: Driver, peer: Peer) -> None:
    driver.open(URI, FILE)
    for options in ({}, {"taskId": "HumanEval/0"}):
        assert await driver.command("tokenblame.explain", URI, options) is None
        assert "ask about one of its lines" in await driver.message()
    assert peer.requests.empty()


async def test_lines_gather_and_an_edit_takes_them_away(driver: Driver, peer: Peer) -> None:
    driver.open(URI, FILE)
    for line, verdict in ((0, FAILING), (2, PASSING)):
        await driver.command("tokenblame.explain", URI, {"line": line})
        await driver.published()
        (await peer.next_request()).send(verdict, Done())
        assert len((await driver.published()).diagnostics) == 1
    assert (await driver.titles(URI))[4] == "HumanEval/2: Passes its tests"
    await driver.command("tokenblame.explain", URI, {"line": 1})
    running = await peer.next_request()
    await driver.published()
    driver.insert(URI, 2, "{}\n", line=3)
    async with asyncio.timeout(20):
        await running.cancelled.wait()
    left = await driver.published()
    assert (left.version, [d.code for d in left.diagnostics]) == (2, ["no-sample"])
    assert (await driver.titles(URI))[0] == "HumanEval/0: Explain why it fails"


async def test_what_is_wrong_with_a_line_goes_with_the_document(driver: Driver) -> None:
    driver.open(URI, FILE + "{\n")
    assert [d.code for d in (await driver.published()).diagnostics] == ["no-sample"]
    driver.close(URI)
    assert list((await driver.published()).diagnostics) == []


def opened(driver: Driver) -> Path:
    return Path(unquote(urlparse(driver.client.shown_documents[-1].uri).path))


async def test_a_line_opens_as_a_sample(driver: Driver, peer: Peer) -> None:
    driver.open(URI, FILE)
    answer = await driver.command("tokenblame.openSample", URI, {"line": 2})
    path = opened(driver)
    assert answer == {"uri": path.as_uri()}
    assert path.read_text() == CODE
    assert task_id_from_path(str(path)) == "HumanEval/2"
    path.write_text("# changed by its user\n")
    await driver.command("tokenblame.openSample", URI, {"line": 2})
    assert opened(driver).read_text() == "# changed by its user\n"
    assert peer.requests.empty()


async def test_a_completion_opens_with_its_prompt_whatever_its_tests_say(
    driver: Driver, peer: Peer
) -> None:
    driver.open(URI, FILE)
    await driver.command("tokenblame.explain", URI, {"line": 1})
    (await peer.next_request()).send(PASSING, Done())
    opening = asyncio.create_task(driver.command("tokenblame.openSample", URI, {"line": 1}))
    received = await peer.next_request()
    assert received.request == TaskRequest("HumanEval/1")  # nothing is run for it
    received.send(TASK, Done())
    path = Path(unquote(urlparse((await opening)["uri"]).path))
    assert path == opened(driver)
    assert path.read_text() == CODE
    assert task_id_from_path(str(path)) == "HumanEval/1"


async def test_a_completion_of_no_task_does_not_open(driver: Driver, peer: Peer) -> None:
    driver.open(URI, FILE)
    shown = len(driver.client.shown_documents)
    opening = asyncio.create_task(driver.command("tokenblame.openSample", URI, {"line": 1}))
    (await peer.next_request()).fail("unknown_task", "There is no task 'HumanEval/1'.")
    assert await opening is None
    assert "There is no task 'HumanEval/1'." in await driver.message()
    assert len(driver.client.shown_documents) == shown


async def test_what_cannot_be_opened_is_told(driver: Driver, peer: Peer) -> None:
    row = {"task_id": "../../../etc/1", "solution": CODE}
    driver.open(URI, json.dumps(row))
    assert await driver.command("tokenblame.openSample", URI, {"line": 0}) is None
    assert "is no task of EvalPlus" in await driver.message()
    assert await driver.command("tokenblame.openSample", URI, {"line": 9}) is None
    assert "Line 10 of" in await driver.message()
    assert peer.requests.empty()


async def test_an_answer_about_another_completion_is_refused(driver: Driver, peer: Peer) -> None:
    driver.open(URI, FILE)
    await driver.command("tokenblame.explain", URI, {"line": 1})
    (await peer.next_request()).send(FAILING, evolve(generation(), code=CODE + "#"))
    assert "another text" in await driver.message()


async def test_other_settings_make_lines_wait(driver: Driver, peer: Peer) -> None:
    driver.open(URI, FILE)
    await driver.command("tokenblame.explain", URI, {"line": 0})
    (await peer.next_request()).send(PASSING, Done())
    for _ in range(2):
        await driver.published()
    assert (await driver.titles(URI))[0] == "HumanEval/0: Passes its tests"
    driver.configure(model="other")
    await driver.published()
    assert (await driver.titles(URI))[0] == "HumanEval/0: Explain why it fails"
    assert peer.requests.empty()

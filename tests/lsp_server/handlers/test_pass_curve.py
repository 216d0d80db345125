"""Where the model lost the thread: what is asked of the engine, and the report that is opened."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
from attrs import evolve
from lsprotocol import types as lsp

from attribution.ipc.wire import Done
from attribution.schema import CurveRequest, PassCurve, PassRate, Progress
from lsp_server.handlers.pass_curve import curve_report
from tests.lsp_server.answers import explained
from tests.lsp_server.conftest import Start
from tests.lsp_server.driver import Driver
from tests.lsp_server.peer import Peer, ReceivedRequest
from tests.lsp_server.samples import (
    CODE,
    FAILING,
    PASSING,
    PIECES,
    TARGET,
    generation,
    tokens,
)

alone = pytest.mark.asyncio(loop_scope="module")

URI = "file:///w/HumanEval_0/0.py"
QUESTION = "Where did the model lose the thread?"
POINTS = (PassRate.of(3, 6, 8), PassRate.of(TARGET, 12, 16), PassRate.of(TARGET + 1, 2, 16))
CURVE = PassCurve(
    POINTS,
    8,
    0.8,
    0.2,
    "With ' <=' in line 2 the share that passes falls most: from 12 of 16 to 2 of 16.",
    steepest=(TARGET, TARGET + 1),
    fall=POINTS[1].fall_to(POINTS[2]),
    pivot=TARGET,
    complete=True,
    rollouts=40,
    programs=12,
    seconds=31.4,
)

# The page


def test_every_point_has_a_row_and_the_largest_fall_is_marked() -> None:
    assert curve_report("HumanEval/0", generation(), CURVE).splitlines() == [
        "# HumanEval/0: where the model lost the thread",
        "",
        "With ' \\<=' in line 2 the share that passes falls most: from 12 of 16 to 2 of 16.",
        "",
        "| line |    pass | 95 %     | share      | kept │ written next |",
        "|-----:|--------:|:---------|:-----------|:--------------------|",
        "|    2 |     6/8 | 41–93 %  | ████████·· | `│    return x <= 0` |",
        "|    2 |   12/16 | 51–90 %  | ████████·· | `return x│ <= 0` |",
        "|    ▼ |         |          | ▼▼▼▼▼▼▼▼▼▼ | **pivot** `␣<=`, falls by 62% (29% to 80%) |",
        "|    2 |    2/16 | 3–36 %   | █········· | `return x <=│ 0` |",
        "",
        "40 continuations by `tiny` at temperature 0.8, 12 programs tested in 31 s.",
    ]


def test_a_stretch_is_no_pivot_and_an_early_end_is_told() -> None:
    wide = evolve(CURVE, steepest=(3, TARGET), pivot=None, complete=False)
    text = curve_report("HumanEval/0", generation(), wide)
    assert "| the steepest stretch: 2 tokens, falls by 62% (29% to 80%) |" in text
    assert text.endswith("in 31 s; the budget was spent before the curve was complete.\n")
    stopped = curve_report("HumanEval/0", generation(), wide, stopped=True)
    assert stopped.endswith("in 31 s; it was stopped before the curve was complete.\n")
    none = PassCurve((), 8, 0.8, 0.2, "The budget was spent.")
    assert "The budget was spent.\n\n0 continuations" in curve_report("x", generation(), none)


def test_code_cannot_break_the_table() -> None:
    pieces = [*PIECES[:TARGET], (" `|\t" + "y" * 90, PIECES[TARGET][1]), ("\n", PIECES[-1][1])]
    code = "".join(text for text, _ in pieces)
    hostile = evolve(CURVE, points=(*POINTS[:2], PassRate.of(len(pieces), 0, 8)))
    text = curve_report("x", generation(tokens(pieces), code), hostile)
    assert f"| ``return x│ `\\|⇥{'y' * 36}…`` |" in text
    assert "| **pivot** ``␣`\\|⇥yyy" in text
    assert "|    3 |     0/8 |" in text  # behind the last token: an empty line


# The command


async def ready(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    await explained(driver, await peer.next_request())


async def begun(driver: Driver, peer: Peer) -> tuple[asyncio.Task[Any], ReceivedRequest]:
    await ready(driver, peer)
    asking = asyncio.create_task(driver.perform(URI, (0, 0), QUESTION))
    return asking, await peer.next_request()


async def cancelled(received: ReceivedRequest) -> None:
    async with asyncio.timeout(20):
        await received.cancelled.wait()


@alone
async def test_the_curve_opens_as_a_report(start: Start, peer: Peer) -> None:
    driver = await start({"search": {"seconds": 20}})
    asking, received = await begun(driver, peer)
    request: Any = received.request
    assert isinstance(request, CurveRequest)
    assert (request.explain.code, request.explain.task_id) == (CODE, "HumanEval/0")
    assert (request.explain.trusted, request.explain.pair) == (True, None)
    assert request.seconds == 20
    early = evolve(CURVE, points=POINTS[:1], steepest=None, pivot=None, complete=False)
    received.send(FAILING, generation(), early, Progress("Sampling", 0.5), CURVE, Done())
    answer = await asking
    shown = driver.client.shown_documents[-1]
    assert shown.uri == answer["uri"]
    text = Path(urlparse(shown.uri).path).read_text()
    assert text == curve_report("HumanEval/0", generation(), CURVE)
    assert "HumanEval_0_curve" in shown.uri
    assert peer.requests.empty()


async def told(driver: Driver) -> tuple[Any, dict[str, Any]]:
    """The progress of the curve, as it begins."""
    while True:
        token, value = await driver.seen(driver.progress)
        if value.get("title") == "Token Blame HumanEval/0: where it lost the thread":
            return token, value


@alone
async def test_it_tells_its_progress_and_can_be_cancelled(driver: Driver, peer: Peer) -> None:
    asking, received = await begun(driver, peer)
    token, value = await told(driver)
    assert (value["kind"], value["cancellable"]) == ("begin", True)
    received.send(Progress("Sampling", 0.25))
    reported = await driver.seen(driver.progress)
    assert reported == (token, {"kind": "report", "message": "Sampling", "percentage": 25})
    driver.client.window_work_done_progress_cancel(lsp.WorkDoneProgressCancelParams(token))
    await cancelled(received)
    assert await asking is None
    assert "Cancelled" in await driver.message()
    assert await driver.seen(driver.progress) == (token, {"kind": "end"})


@alone
async def test_what_was_sampled_before_the_cancel_is_shown(driver: Driver, peer: Peer) -> None:
    asking, received = await begun(driver, peer)
    token, _ = await told(driver)
    early = evolve(CURVE, points=POINTS[:1], steepest=None, pivot=None, complete=False)
    received.send(FAILING, generation(), early, Progress("Sampling", 0.25))
    assert (await driver.seen(driver.progress))[1]["kind"] == "report"  # so the curve is there
    driver.client.window_work_done_progress_cancel(lsp.WorkDoneProgressCancelParams(token))
    await cancelled(received)
    shown = urlparse((await asking)["uri"])
    text = Path(shown.path).read_text()
    assert text == curve_report("HumanEval/0", generation(), early, stopped=True)
    assert text.startswith("# HumanEval/0: where the model lost the thread (partial)\n")


@alone
async def test_an_edit_takes_away_what_was_sampled(driver: Driver, peer: Peer) -> None:
    asking, received = await begun(driver, peer)
    await told(driver)
    received.send(FAILING, generation(), evolve(CURVE, complete=False), Progress("Sampling", 0.25))
    assert (await driver.seen(driver.progress))[1]["kind"] == "report"
    driver.insert(URI, 2, "\n")
    assert await asking is None
    assert "The text has changed since" in await driver.message()


@alone
async def test_an_edit_ends_it(driver: Driver, peer: Peer) -> None:
    asking, received = await begun(driver, peer)
    driver.insert(URI, 2, "\n")
    await cancelled(received)
    assert await asking is None
    assert "The text has changed since" in await driver.message()


@alone
async def test_what_the_engine_cannot_is_said(driver: Driver, peer: Peer) -> None:
    asking, received = await begun(driver, peer)
    received.fail("resource_exhausted", "The model ran out of memory.")
    assert await asking is None
    assert "The model ran out of memory." in await driver.message()


@alone
async def test_there_must_be_something_that_fails(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    received = await peer.next_request()
    assert await driver.command("tokenblame.curve", URI) is None
    assert "not explained yet" in await driver.message()
    received.send(FAILING)
    await driver.published()
    assert await driver.command("tokenblame.curve", URI) is None
    assert "has not read this sample yet" in await driver.message()
    received.send(PASSING, Done())
    await driver.published()
    assert await driver.command("tokenblame.curve", URI) is None
    assert "The tests pass" in await driver.message()
    assert peer.requests.empty()

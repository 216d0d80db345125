"""Settings take effect while a sample is open."""

import asyncio
from operator import attrgetter
from typing import Any

import pytest

from attribution.ipc.wire import Done
from attribution.schema import Form, IdleRequest
from tests.lsp_server.driver import Driver
from tests.lsp_server.peer import Peer
from tests.lsp_server.samples import CODE

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "file:///w/HumanEval_0/0.py"


@pytest.mark.parametrize(
    ("setting", "value", "where", "wanted"),
    [
        ("model", "small", "settings.model", "small"),
        ("device", "cuda:1", "settings.device", "cuda:1"),
        ("dtype", "bfloat16", "settings.dtype", "bfloat16"),
        ("sibling", "larger", "sibling.model", "larger"),
        ("form", "chat", "form", Form.CHAT),
        ("method", "cplrp", "method", "cplrp"),
        ("objective", "top", "objective", "top"),
        ("search", {"rollouts": 7}, "rollouts", 7),
        ("search", {"seconds": 9}, "seconds", 9.0),
        ("search", {"topK": 25}, "top_k", 25),
        ("sandbox", "limits", "sandbox", "limits"),
    ],
)
async def test_what_is_explained_is_explained_anew(
    driver: Driver, peer: Peer, setting: str, value: Any, where: str, wanted: Any
) -> None:
    driver.open(URI, CODE)
    old = await peer.next_request()
    driver.configure(**{setting: value})
    async with asyncio.timeout(20):
        await old.cancelled.wait()
    assert attrgetter(where)((await peer.next_request()).request) == wanted


async def test_the_engine_is_told_how_long_to_stay(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    running = await peer.next_request()
    driver.configure(engine={"idleSeconds": 60})
    told = await peer.next_request()
    assert told.request == IdleRequest(60.0)
    told.send(Done())
    assert not running.cancelled.is_set()  # nothing that is shown depends on it

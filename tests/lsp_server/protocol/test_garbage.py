"""When old garbage is looked for: not in the midst of messages, and soon after the last one."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest
from pygls.protocol import default_converter

from lsp_server.protocol import garbage
from lsp_server.protocol.garbage import QuietProtocol
from lsp_server.server import create_server


class Ring:
    """Refers to itself, so that only a search for garbage finds it."""

    def __init__(self) -> None:
        self.self = self


@pytest.fixture(autouse=True)
def usual_collections() -> Iterator[None]:
    """Python's own thresholds, and nothing old around: that would make collections rarer."""
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    gc.freeze()
    gc.collect()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def collections_of_the_oldest() -> int:
    """While many objects are made."""
    oldest = []

    def visited(phase: str, told: dict[str, int]) -> None:
        if phase == "start" and told["generation"] == 2:
            oldest.append(told)

    gc.callbacks.append(visited)
    try:
        kept = [[number] for number in range(500_000)]
    finally:
        gc.callbacks.remove(visited)
    assert len(kept) == 500_000
    return len(oldest)


def old_garbage() -> "weakref.ref[Ring]":
    """A ring of the oldest generation that nobody refers to any more."""
    ring = Ring()
    gc.collect()
    return weakref.ref(ring)


def say_something(protocol: QuietProtocol) -> None:
    cancel = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 1}}
    protocol.handle_message(protocol.structure_message(cancel))


async def test_old_garbage_goes_after_the_last_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "QUIET", 0.0)
    protocol = QuietProtocol(create_server(), default_converter())
    ring = old_garbage()
    say_something(protocol)
    assert ring() is not None
    for _ in range(3):  # its timer is due at once
        await asyncio.sleep(0)
    assert ring() is None


async def test_a_message_puts_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "QUIET", 1e6)
    protocol = QuietProtocol(create_server(), default_converter())
    say_something(protocol)
    first = protocol._timer
    say_something(protocol)
    assert first is not None
    assert first.cancelled()
    assert protocol._timer is not None
    assert not protocol._timer.cancelled()


async def test_the_oldest_are_not_visited_in_the_midst_of_messages() -> None:
    protocol = QuietProtocol(create_server(), default_converter())
    assert collections_of_the_oldest() > 0
    say_something(protocol)
    assert collections_of_the_oldest() == 0

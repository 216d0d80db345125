import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.lsp_server.driver import Driver
from tests.lsp_server.peer import Peer


@pytest.fixture(scope="module")
def runtime() -> Iterator[Path]:
    """A private folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="tb") as folder:
        yield Path(folder)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def peer(runtime: Path) -> AsyncIterator[Peer]:
    peer = Peer(runtime)
    await peer.start()
    yield peer
    await peer.stop()


def environment(peer: Peer) -> dict[str, str]:
    """Of a server that asks the peer and writes nowhere else."""
    folder = peer.path.parent
    return {
        "TOKENBLAME_RUNTIME_DIR": str(folder),
        "TOKENBLAME_CACHE_DIR": str(folder / "cache"),
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def window(peer: Peer) -> AsyncIterator[Driver]:
    """One editor with a trusted workspace: starting a server per test would take a minute."""
    driver = Driver()
    await driver.start(environment(peer))
    yield driver
    await driver.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def driver(window: Driver, peer: Peer) -> AsyncIterator[Driver]:
    """The shared editor with nothing open, nothing unread and settings as at the start."""
    yield window
    await window.leave()
    peer.forget()


Start = Callable[..., Awaitable[Driver]]


@pytest_asyncio.fixture(loop_scope="module")
async def start(peer: Peer) -> AsyncIterator[Start]:
    """Start an editor: `settings`, and the arguments of Driver.start."""
    async with AsyncExitStack() as stack:

        async def begin(settings: dict[str, Any] | None = None, **how: Any) -> Driver:
            driver = Driver(settings)
            await driver.start(environment(peer), **how)
            stack.push_async_callback(driver.stop)
            return driver

        yield begin
    peer.forget()

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def window(peer: Peer) -> AsyncIterator[Driver]:
    """One editor with a trusted workspace: starting a server per test would take a minute."""
    driver = Driver()
    await driver.start({"TOKENBLAME_RUNTIME_DIR": str(peer.path.parent)})
    yield driver
    await driver.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def driver(window: Driver, peer: Peer) -> AsyncIterator[Driver]:
    """The shared editor with nothing open, nothing unread and settings as at the start."""
    yield window
    await window.leave()
    peer.forget()

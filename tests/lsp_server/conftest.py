import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.lsp_server.driver import Driver
from tests.lsp_server.peer import Peer


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A private folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="tb") as folder:
        yield Path(folder)


@pytest.fixture
async def peer(runtime: Path) -> AsyncIterator[Peer]:
    peer = Peer(runtime)
    await peer.start()
    yield peer
    await peer.stop()


@pytest.fixture
async def driver(peer: Peer) -> AsyncIterator[Driver]:
    """A started editor with a trusted workspace."""
    driver = Driver()
    await driver.start({"TOKENBLAME_RUNTIME_DIR": str(peer.path.parent)})
    yield driver
    await driver.stop()

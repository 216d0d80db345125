"""The graph as a panel wants it."""

import pytest

from attribution.ipc.wire import Done
from attribution.schema import GraphRequest
from tests.lsp_server.driver import Driver
from tests.lsp_server.features.panel.test_panel import GRAPH, begun, ready
from tests.lsp_server.peer import Peer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [({}, False), ({"midpoints": False}, False), ({"midpoints": True}, True)],
)
async def test_the_states_between_attention_and_mlp_are_an_option(
    driver: Driver, peer: Peer, said: dict[str, bool], wanted: bool
) -> None:
    await ready(driver, peer)
    asking, received = await begun(driver, peer, "tokenblame/graph", **said)
    assert isinstance(received.request, GraphRequest)
    assert received.request.midpoints is wanted
    received.send(GRAPH, Done())
    await asking

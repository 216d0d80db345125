"""What an engine answers, played in full."""

from lsprotocol import types as lsp

from attribution.schema import ContrastPair, Progress, SearchReport
from tests.lsp_server.driver import Driver
from tests.lsp_server.peer import ReceivedRequest
from tests.lsp_server.samples import FAILING, attribution, generation, pair


async def explained(
    driver: Driver, received: ReceivedRequest, proved: ContrastPair | None = None
) -> lsp.PublishDiagnosticsParams:
    """Answer as the engine does and read what is shown, up to the attribution."""
    received.send(Progress("Reading"), FAILING)
    preliminary = await driver.published()
    assert [d.message for d in preliminary.diagnostics] == [
        "Fails base test `f(0)`: expected False, got True."
    ]
    received.send(generation(code=received.request.code), proved or pair())
    await driver.published()
    report = SearchReport(rollouts=3, decoded_tokens=9, proved=1, message="")
    received.send(report, attribution(chosen=proved))
    received.done()
    return await driver.published()

"""What an engine answers, played in full."""

from lsprotocol import types as lsp

from attribution.schema import ContrastPair, Progress, SearchReport
from tests.lsp_server.driver import Driver
from tests.lsp_server.peer import Asked
from tests.lsp_server.samples import FAILING, attribution, generation, pair


async def explained(
    driver: Driver, asked: Asked, proved: ContrastPair | None = None
) -> lsp.PublishDiagnosticsParams:
    """Answer as the engine does and read what is shown, up to the attribution."""
    asked.send(Progress("Reading"), FAILING)
    preliminary = await driver.published()
    assert [d.message for d in preliminary.diagnostics] == [
        "Fails base test `f(0)`: expected False, got True."
    ]
    asked.send(generation(code=asked.request.code), proved or pair())
    await driver.published()
    report = SearchReport(rollouts=3, decoded_tokens=9, proved=1, message="")
    asked.send(report, attribution(chosen=proved))
    asked.done()
    return await driver.published()

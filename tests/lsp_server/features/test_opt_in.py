"""What only some editors want: diagnostics on request, and a heat map that the server draws."""

import pytest
from lsprotocol import types as lsp

from attribution.ipc.wire import Done
from tests.lsp_server.conftest import Start
from tests.lsp_server.driver import Driver, capabilities
from tests.lsp_server.peer import Peer
from tests.lsp_server.samples import CODE, FAILING, PASSING, attribution, generation, pair

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "file:///w/HumanEval_0/0.py"
WHOLE = lsp.Range(lsp.Position(0, 0), lsp.Position(9, 0))

PULLING = capabilities(
    text_document=lsp.TextDocumentClientCapabilities(
        diagnostic=lsp.DiagnosticClientCapabilities(related_information=True)
    ),
    workspace=lsp.WorkspaceClientCapabilities(
        configuration=True,
        diagnostics=lsp.DiagnosticWorkspaceClientCapabilities(refresh_support=True),
    ),
)
PLAIN = capabilities(
    experimental=None,
    workspace=lsp.WorkspaceClientCapabilities(
        configuration=True,
        inlay_hint=lsp.InlayHintWorkspaceClientCapabilities(refresh_support=True),
        semantic_tokens=lsp.SemanticTokensWorkspaceClientCapabilities(refresh_support=True),
        code_lens=lsp.CodeLensWorkspaceClientCapabilities(refresh_support=True),
    ),
)


async def pulled(driver: Driver) -> list[lsp.Diagnostic]:
    answer = await driver.client.text_document_diagnostic_async(
        lsp.DocumentDiagnosticParams(lsp.TextDocumentIdentifier(URI))
    )
    assert isinstance(answer, lsp.RelatedFullDocumentDiagnosticReport)
    return list(answer.items)


async def test_a_client_that_pulls_gets_nothing_twice(start: Start, peer: Peer) -> None:
    driver = await start(declared=PULLING)
    driver.open(URI, CODE)
    assert await pulled(driver) == []
    (await peer.next_request()).send(FAILING, generation(), pair(), attribution(), Done())
    while not (diagnostics := await pulled(driver)) or not diagnostics[0].related_information:
        await driver.seen(driver.refreshed)
    assert "with `␣<` the tests pass" in diagnostics[0].message
    driver.insert(URI, 2, "\n")
    assert await pulled(driver) == []
    assert driver.diagnostics.empty()
    driver.close(URI)
    assert await pulled(driver) == []


async def layers(driver: Driver) -> tuple[list[int], list[str | None]]:
    document = lsp.TextDocumentIdentifier(URI)
    tokens = await driver.client.text_document_semantic_tokens_full_async(
        lsp.SemanticTokensParams(document)
    )
    hints = await driver.client.text_document_inlay_hint_async(lsp.InlayHintParams(document, WHOLE))
    assert tokens is not None
    labels = [hint.label for hint in hints or ()]
    return list(tokens.data), [label if isinstance(label, str) else None for label in labels]


async def test_the_server_paints_where_the_client_does_not(start: Start, peer: Peer) -> None:
    driver = await start(declared=PLAIN)
    offered = driver.declared.semantic_tokens_provider
    assert isinstance(offered, lsp.SemanticTokensOptions)
    assert list(offered.legend.token_types) == ["relevance"]
    assert list(offered.legend.token_modifiers) == ["pos1", "pos2", "pos3", "neg1", "neg2", "neg3"]
    driver.open(URI, CODE)
    (await peer.next_request()).send(FAILING, generation(), pair(), attribution(), Done())
    for _ in range(3):
        await driver.published()
    assert await layers(driver) == ([], [])
    driver.configure(semanticTokens=True, inlayHints=True, thresholds={"strongest": 1})
    while not (await layers(driver))[0]:
        await driver.seen(driver.refreshed)
    data, labels = await layers(driver)
    assert data[:5] == [0, 3, 2, 0, 0b10]
    assert labels == ["+1.00"]
    driver.insert(URI, 2, "\n")
    assert await layers(driver) == ([], [])


async def test_a_client_that_paints_is_left_to_it(start: Start) -> None:
    driver = await start()
    assert driver.declared.semantic_tokens_provider is None
    assert driver.declared.inlay_hint_provider is None
    assert driver.declared.diagnostic_provider is None


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, "utf-16"),
        (["utf-8", "utf-16"], "utf-8"),
        (["utf-7", "utf-32"], "utf-32"),
        (["utf-7"], "utf-16"),
    ],
)
async def test_the_clients_first_choice_counts(
    start: Start, offered: list[str] | None, chosen: str
) -> None:
    general = lsp.GeneralClientCapabilities(position_encodings=offered)
    driver = await start(declared=capabilities(general=general))
    assert driver.declared.position_encoding == chosen


async def test_a_client_that_knows_commands_only(start: Start, peer: Peer) -> None:
    driver = await start(declared=lsp.ClientCapabilities())
    driver.open(URI, CODE)
    (await peer.next_request()).send(FAILING, generation(), pair(), attribution(), Done())
    for _ in range(3):
        await driver.published()
    params = lsp.CodeActionParams(lsp.TextDocumentIdentifier(URI), WHOLE, lsp.CodeActionContext([]))
    actions = await driver.client.text_document_code_action_async(params)
    assert {type(action) for action in actions or ()} == {lsp.Command}


async def test_thresholds_show_what_is_known_in_another_way(start: Start, peer: Peer) -> None:
    driver = await start()
    driver.open(URI, CODE)
    (await peer.next_request()).send(FAILING, generation(), pair(), attribution(), Done())
    for _ in range(3):
        await driver.published()
    driver.configure(debounce=0, thresholds={"weak": 2, "strongest": 2, "share": 0.3})
    (diagnostic,) = (await driver.published()).diagnostics
    assert "(Δℓ = 1.32, weak, proved" in diagnostic.message
    assert len(diagnostic.related_information or ()) == 1
    assert peer.requests.empty()


async def test_open_explains_what_is_opened_and_not_what_is_typed(start: Start, peer: Peer) -> None:
    driver = await start({"run": "open"})
    driver.open(URI, CODE)
    (await peer.next_request()).send(PASSING, Done())
    await driver.published()
    driver.insert(URI, 2, "\n")
    assert await driver.titles(URI) == ["Explain why it fails"]
    assert peer.requests.empty()
    driver.save(URI)
    assert (await peer.next_request()).request.code == "\n" + CODE


async def test_a_client_that_copies_gets_the_report(start: Start, peer: Peer) -> None:
    driver = await start(declared=capabilities(experimental={"report": True}))
    driver.open(URI, CODE)
    (await peer.next_request()).send(FAILING, Done())
    await driver.published()
    answer = await driver.command("tokenblame.copyReport", URI)
    assert await driver.seen(driver.reports) == {"uri": URI, **answer}
    assert driver.client.shown_documents == []

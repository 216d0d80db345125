"""The prompt as a document of its own, linked with the code both ways."""

from pathlib import Path

import pytest
from attrs import evolve
from lsprotocol import types as lsp

from attribution.ipc.wire import Done
from attribution.schema import Document, Form, Generation, MarginRequest, Role
from lsp_server.documents.cache import prompt_file, prompt_link
from tests.lsp_server.driver import Driver
from tests.lsp_server.peer import Peer, ReceivedRequest
from tests.lsp_server.samples import (
    CODE,
    FAILING,
    PIECES,
    TARGET,
    attribution,
    generation,
    margin,
    pair,
    tokens,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

URI = "file:///w/HumanEval_0/0.py"
PROMPT = "Write\nf."
OTHER = "Write\ng."
LINE = "After the edit: Δℓ 1.32 → 0.80: the model still prefers `␣<=` (61%)."


def chat(prompt: str = PROMPT) -> Generation:
    """`PIECES` behind a prompt of two tokens, which is a document of its own."""
    head = [("Write\n", Role.TEMPLATE), (prompt[6:], Role.PROMPT)]
    received = tuple(evolve(t, document=Document.PROMPT) for t in tokens(head))
    read = received + tuple(evolve(t, role=Role.OUTPUT) for t in tokens(PIECES))
    return evolve(generation(read, prompt=prompt), form=Form.CHAT)


PAIR = evolve(pair(TARGET), position=TARGET + 2)
FOUND = attribution((9.0, 2.0, 0.5, 0.0, -0.25, 1.0, 0.05), PAIR)


def answer(received: ReceivedRequest, made: Generation | None = None) -> None:
    received.send(FAILING, made or chat(), PAIR, FOUND, Done())


async def shown(driver: Driver, uri: str, words: str) -> lsp.PublishDiagnosticsParams:
    """The next diagnostics of a document that say this."""
    while True:
        published = await driver.published()
        messages = "".join(diagnostic.message for diagnostic in published.diagnostics)
        if published.uri == uri and words in messages:
            return published


async def explained(driver: Driver, peer: Peer) -> lsp.PublishDiagnosticsParams:
    driver.open(URI, CODE)
    answer(await peer.next_request())
    while True:
        published = await shown(driver, URI, "with `␣<` the tests pass")
        if published.diagnostics[0].related_information:
            return published


async def opened(driver: Driver, peer: Peer) -> str:
    """The prompt document of an explained sample, open; from here on the peer answers margins."""
    await explained(driver, peer)
    uri: str = (await driver.command("tokenblame.openPrompt", URI))["uri"]
    assert driver.client.shown_documents[-1].uri == uri
    driver.open(uri, text_of(uri))
    await shown(driver, uri, "pushed hardest")
    peer.answers_margins = True
    return uri


def text_of(uri: str) -> str:
    return Path(uri.removeprefix("file://")).read_bytes().decode()


def change(driver: Driver, uri: str, version: int, text: str) -> None:
    driver.edit(uri, version, lsp.TextDocumentContentChangeWholeDocument(text))


async def test_the_code_points_to_tokens_of_the_prompt(driver: Driver, peer: Peer) -> None:
    notes = (await explained(driver, peer)).diagnostics[0].related_information or ()
    first = notes[0]
    assert first.location.uri.endswith("/HumanEval_0-0.prompt.txt")
    assert text_of(first.location.uri) == PROMPT
    assert first.location.range == lsp.Range(lsp.Position(1, 0), lsp.Position(1, 2))
    assert first.message.startswith("`f.` +2.00")
    assert {note.location.uri for note in notes[1:]} == {URI}


async def test_the_prompt_points_to_the_choice(driver: Driver, peer: Peer) -> None:
    uri = await opened(driver, peer)
    place = lsp.Range(lsp.Position(1, 12), lsp.Position(1, 15))
    at = lsp.Position(1, 0)
    params = lsp.DefinitionParams(lsp.TextDocumentIdentifier(uri), at)
    location = await driver.client.text_document_definition_async(params)
    assert location == lsp.Location(URI, place)
    code = lsp.DefinitionParams(lsp.TextDocumentIdentifier(URI), at)
    assert await driver.client.text_document_definition_async(code) is None
    assert await driver.perform(uri, (1, 0), "Open the code") == {"uri": URI}
    back = driver.client.shown_documents[-1]
    assert (back.uri, back.selection) == (URI, place)
    assert await driver.titles(uri) == [
        "Open the code that answers this prompt",
        "Fails on a base test · ␣<= → ␣< · Δℓ = 1.32",
    ]
    hover = await driver.hover(uri, 1, 0)
    assert hover is not None
    assert isinstance(hover.contents, lsp.MarkupContent)
    assert "**`f.`** · prompt · token 1" in hover.contents.value
    assert "Relevance **+2.00** towards `␣<=`" in hover.contents.value


async def test_its_symbols_are_its_segments(driver: Driver, peer: Peer) -> None:
    uri = await opened(driver, peer)
    params = lsp.DocumentSymbolParams(lsp.TextDocumentIdentifier(uri))
    symbols = await driver.client.text_document_document_symbol_async(params)
    shown = [(s.name, s.detail) for s in symbols or () if isinstance(s, lsp.DocumentSymbol)]
    assert shown == [
        ("Chat template", None),
        ("Instruction", "relevance +2.00, 53% of all"),
    ]
    change(driver, uri, 2, OTHER)
    await peer.next_margin_request()
    assert await driver.client.text_document_document_symbol_async(params) == []


async def test_its_diagnostic_has_the_choice_beside_it(driver: Driver, peer: Peer) -> None:
    await explained(driver, peer)
    uri = (await driver.command("tokenblame.openPrompt", URI, {"show": False}))["uri"]
    driver.open(uri, PROMPT)
    (diagnostic,) = (await shown(driver, uri, "pushed hardest")).diagnostics
    assert diagnostic.range == lsp.Range(lsp.Position(1, 0), lsp.Position(1, 2))
    (choice,) = diagnostic.related_information or ()
    assert choice.location.uri == URI
    assert choice.location.range.start == lsp.Position(1, 12)
    assert "with `␣<` the tests pass" in choice.message


async def test_the_code_offers_the_prompt(driver: Driver, peer: Peer) -> None:
    await explained(driver, peer)
    assert "Open prompt" in await driver.titles(URI)
    answer = await driver.perform(URI, (0, 0), "Open the prompt")
    assert driver.client.shown_documents[-1].uri == answer["uri"]
    while (payload := await driver.seen(driver.relevance))["promptUri"] is None:
        pass
    assert (payload["promptUri"], payload["promptText"]) == (answer["uri"], PROMPT)


async def test_an_edited_prompt_is_read_instead(driver: Driver, peer: Peer) -> None:
    uri = await opened(driver, peer)
    assert peer.requests.empty()  # opening it changes nothing
    change(driver, uri, 2, OTHER)
    for gone in (URI, uri):  # at once, on both
        published = await driver.published()
        assert (published.uri, list(published.diagnostics)) == (gone, [])
    margin_request = await peer.next_margin_request()
    assert isinstance(margin_request.request, MarginRequest)
    assert (margin_request.request.explain.code, margin_request.request.explain.prompt) == (
        CODE,
        OTHER,
    )
    assert margin_request.request.offset == CODE.index(" <=")
    margin_request.send(margin(0.8), Done())
    for document in (URI, uri):
        published = await driver.published()
        messages = [diagnostic.message for diagnostic in published.diagnostics]
        assert (published.uri, messages) == (document, [LINE])
    assert "Δℓ 1.32 → 0.80: the model still prefers ␣<= (61%)" in await driver.titles(uri)
    received = await peer.next_request()
    assert (received.request.code, received.request.prompt) == (CODE, OTHER)
    assert "Explaining … click to stop" in await driver.titles(uri)
    answer(received, chat(OTHER))
    assert (await shown(driver, URI, "proved")).diagnostics[0].message.endswith(LINE)
    published = await shown(driver, uri, "pushed hardest")
    assert [diagnostic.code for diagnostic in published.diagnostics] == ["counterfactual", "prompt"]


async def test_it_can_be_put_back(driver: Driver, peer: Peer) -> None:
    uri = await opened(driver, peer)
    change(driver, uri, 2, OTHER)
    await peer.next_margin_request()
    (restore,) = [action for action in await driver.actions(uri, 0, 0) if "Restore" in action.title]
    assert restore.edit is not None
    (edits,) = restore.edit.document_changes or ()
    assert isinstance(edits, lsp.TextDocumentEdit)
    assert edits.text_document.uri == uri
    (edit,) = edits.edits
    assert edit == lsp.TextEdit(lsp.Range(lsp.Position(1, 0), lsp.Position(1, 1)), "f")
    change(driver, uri, 3, PROMPT)
    assert (await peer.next_request()).request.prompt is None
    assert await driver.titles(URI) == ["Explaining … click to stop"]  # no counterfactual
    assert "Restore" not in "".join(action.title for action in await driver.actions(uri, 0, 0))


async def test_closing_an_edited_prompt_puts_it_back(driver: Driver, peer: Peer) -> None:
    uri = await opened(driver, peer)
    change(driver, uri, 2, OTHER)
    await peer.next_margin_request()
    driver.close(uri)
    assert (await peer.next_request()).request.prompt is None


async def test_a_prompt_that_was_left_edited_counts_when_the_code_opens(
    driver: Driver, peer: Peer
) -> None:
    uri = await opened(driver, peer)
    driver.close(URI)
    change(driver, uri, 2, OTHER)
    driver.open(URI, CODE)
    assert (await peer.next_request()).request.prompt == OTHER


async def test_in_direct_form_the_prompt_is_the_head_of_the_code(
    driver: Driver, peer: Peer
) -> None:
    driver.open(URI, CODE)
    made = generation(prompt=CODE[: CODE.index("    return")])
    (await peer.next_request()).send(FAILING, made, pair(), attribution(), Done())
    await shown(driver, URI, "with `␣<`")
    assert await driver.command("tokenblame.openPrompt", URI) == {"uri": URI}
    shown_last = driver.client.shown_documents[-1]
    assert shown_last.selection == lsp.Range(lsp.Position(0, 0), lsp.Position(1, 0))
    assert "Open prompt" not in await driver.titles(URI)


async def test_an_unexplained_sample_has_no_prompt_yet(driver: Driver, peer: Peer) -> None:
    driver.open(URI, CODE)
    await peer.next_request()
    assert await driver.command("tokenblame.openPrompt", URI) is None
    assert "once the sample was explained" in await driver.message()
    assert await driver.command("tokenblame.openCode", URI) is None
    assert "no prompt document" in await driver.message()


async def test_only_documents_of_the_cache_are_prompts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKENBLAME_CACHE_DIR", str(tmp_path / "cache"))
    made = prompt_file(URI, PROMPT)
    assert prompt_link(made.as_uri()) == (URI, PROMPT)
    copied = tmp_path / "prompts" / made.parent.name
    copied.mkdir(parents=True)
    for file in made.parent.iterdir():
        (copied / file.name).write_bytes(file.read_bytes())
    assert prompt_link((copied / made.name).as_uri()) is None
    assert prompt_link(made.with_name("0.py").as_uri()) is None
    assert prompt_link("untitled:1.prompt.txt") is None
    (made.parent / "link.json").write_text("[]")
    assert prompt_link(made.as_uri()) is None

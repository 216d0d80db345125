"""Several prompt documents of one sample: every model has its own template."""

import pytest

from attribution.ipc.wire import Done
from tests.lsp_server.driver import Driver
from tests.lsp_server.handlers.test_prompts import (
    OTHER,
    URI,
    answer,
    change,
    chat,
    opened,
    shown,
    text_of,
)
from tests.lsp_server.peer import Peer
from tests.lsp_server.samples import CODE, margin

pytestmark = pytest.mark.asyncio(loop_scope="module")

THIRD = "Write\nh."  # of another model's template


async def another_model(driver: Driver, peer: Peer) -> str:
    """The prompt document that another model's answer has."""
    driver.configure(debounce=0, model="smollm2-135m")
    answer(await peer.next_request(), chat(THIRD))
    await shown(driver, URI, "with `␣<` the tests pass")
    uri: str = (await driver.command("tokenblame.openPrompt", URI))["uri"]
    return uri


async def test_another_model_has_another_prompt(driver: Driver, peer: Peer) -> None:
    first = await opened(driver, peer)
    second = await another_model(driver, peer)
    assert second != first
    assert text_of(second) == THIRD
    driver.configure(debounce=0)
    answer(await peer.next_request())
    await shown(driver, URI, "with `␣<` the tests pass")
    assert await driver.command("tokenblame.openPrompt", URI) == {"uri": first}


async def test_an_edited_prompt_is_for_the_model_that_was_asked(driver: Driver, peer: Peer) -> None:
    first = await opened(driver, peer)
    change(driver, first, 2, OTHER)
    (await peer.next_margin_request()).send(margin(0.8), Done())
    answer(await peer.next_request(), chat(OTHER))
    await shown(driver, first, "pushed hardest")
    driver.configure(debounce=0, model="smollm2-135m")
    received = await peer.next_request()
    assert (received.request.settings.model, received.request.prompt) == ("smollm2-135m", None)
    driver.close(URI)
    driver.open(URI, CODE)
    assert (await peer.next_request()).request.prompt is None
    change(driver, first, 3, f"{OTHER}\n")  # the user wants it all the same
    assert (await peer.next_request()).request.prompt == f"{OTHER}\n"


async def test_an_edit_that_waits_is_for_the_model_that_was_asked(
    driver: Driver, peer: Peer
) -> None:
    uri = await opened(driver, peer)
    change(driver, uri, 2, OTHER)
    await peer.next_margin_request()  # and is not answered: nothing is explained yet
    driver.configure(debounce=0, model="smollm2-135m")
    received = await peer.next_request()
    assert (received.request.settings.model, received.request.prompt) == ("smollm2-135m", None)


async def test_closing_a_prompt_leaves_the_newer_one_in_force(driver: Driver, peer: Peer) -> None:
    first = await opened(driver, peer)
    second = await another_model(driver, peer)
    driver.open(second, THIRD)
    change(driver, second, 2, OTHER)
    (await peer.next_margin_request()).send(margin(0.8), Done())
    received = await peer.next_request()
    assert received.request.prompt == OTHER
    answer(received, chat(OTHER))
    await shown(driver, second, "pushed hardest")
    driver.close(first)
    driver.save(second)
    await driver.command("tokenblame.cancel")  # once answered, all of the above is done
    assert peer.requests.empty()
    driver.close(second)
    assert (await peer.next_request()).request.prompt is None


async def test_closing_a_prompt_never_brings_back_what_another_model_was_asked(
    driver: Driver, peer: Peer
) -> None:
    first = await opened(driver, peer)
    change(driver, first, 2, OTHER)
    await peer.next_margin_request()
    second = await another_model(driver, peer)
    driver.open(second, THIRD)
    change(driver, second, 2, f"{THIRD}\n")
    await peer.next_margin_request()
    driver.close(second)
    assert (await peer.next_request()).request.prompt is None

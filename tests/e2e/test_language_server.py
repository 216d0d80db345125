"""The language server over stdio with the real engine, test runner and model.

`TOKENBLAME_TEST_MODEL` names another model than the default; it must fail the sample too.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from attrs import define
from lsprotocol import types as lsp

from tests.lsp_server.driver import Driver

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

SAMPLE = Path(__file__).parent / "vscode" / "sample.py.txt"
PATIENCE = 600.0  # seconds that a stage may take, the first download of the model included


@define
class Visit:
    """An open sample and what the server said about its first version."""

    driver: Driver
    uri: str
    text: str
    relevance: dict[str, Any]
    diagnostics: list[lsp.PublishDiagnosticsParams]
    progress: list[dict[str, Any]]


async def computed(driver: Driver) -> dict[str, Any]:
    """The next heat map; fails with what the user would be told instead of it."""
    while True:
        shown: dict[str, Any] = await driver.seen(driver.relevance)
        if shown["spans"]:
            return shown
        assert driver.messages.empty(), driver.messages.get_nowait().message


async def ended(driver: Driver) -> list[dict[str, Any]]:
    """Progress up to its end."""
    values: list[dict[str, Any]] = []
    while not values or values[-1]["kind"] != "end":
        values.append((await driver.seen(driver.progress))[1])
    return values


def drained(queue: Any) -> list[Any]:
    return [queue.get_nowait() for _ in range(queue.qsize())]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def visit(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Visit]:
    path = tmp_path_factory.mktemp("samples") / "HumanEval_65" / "0.py"
    path.parent.mkdir()
    path.write_bytes(SAMPLE.read_bytes())
    settings: dict[str, Any] = {"debounce": 300, "search": {"rollouts": 48}}
    if model := os.environ.get("TOKENBLAME_TEST_MODEL"):
        settings["model"] = model
    driver = Driver(settings, PATIENCE)
    with tempfile.TemporaryDirectory(prefix="tb") as runtime:
        environment = {"TOKENBLAME_RUNTIME_DIR": runtime}
        await driver.start(environment)
        text = path.read_text()
        driver.open(path.as_uri(), text)
        relevance = await computed(driver)
        progress = await ended(driver)
        diagnostics = drained(driver.diagnostics)
        yield Visit(driver, path.as_uri(), text, relevance, diagnostics, progress)
        await driver.stop()
        stop = [sys.executable, "-m", "attribution.cli.main", "engine", "stop"]
        subprocess.run(stop, env={**os.environ, **environment}, check=True, capture_output=True)


def place(text: str, position: dict[str, int]) -> int:
    """Offset of a position; the sample is ASCII."""
    return (
        sum(len(line) + 1 for line in text.split("\n")[: position["line"]]) + position["character"]
    )


async def test_the_verdict_comes_first_and_is_refined(visit: Visit) -> None:
    first, last = visit.diagnostics[0], visit.diagnostics[-1]
    assert {one.version for one in visit.diagnostics} == {1}
    assert "circular_shift(" in first.diagnostics[0].message
    assert "The model wrote" not in first.diagnostics[0].message
    (diagnostic,) = last.diagnostics
    assert "proved by execution" in diagnostic.message
    assert diagnostic.related_information
    start = visit.relevance["pair"]["range"]["start"]
    assert diagnostic.range.start == lsp.Position(start["line"], start["character"])


async def test_the_faulty_token_is_where_the_heat_map_ends(visit: Visit) -> None:
    pair, spans = visit.relevance["pair"], visit.relevance["spans"]
    start, end = (place(visit.text, pair["range"][edge]) for edge in ("start", "end"))
    assert visit.text[start:end] == pair["target"]
    assert spans[-1]["range"]["end"] == pair["range"]["start"]
    assert max(abs(one["value"]) for one in spans) == 1.0
    assert spans[0]["role"] == "template"


async def test_the_explanation_is_complete(visit: Visit) -> None:
    parts = visit.relevance["completeness"]
    total = parts["sum"] + parts["leak"] + parts["bias"]
    assert total == pytest.approx(visit.relevance["logitDiff"], abs=0.02)


async def test_hover_tells_about_the_tokens(visit: Visit) -> None:
    start = visit.relevance["pair"]["range"]["start"]
    faulty = await visit.driver.hover(visit.uri, start["line"], start["character"])
    prompt = await visit.driver.hover(visit.uri, 1, 1)
    assert faulty is not None
    assert prompt is not None
    assert isinstance(faulty.contents, lsp.MarkupContent)
    assert isinstance(prompt.contents, lsp.MarkupContent)
    assert "The faulty token" in faulty.contents.value
    assert "← written" in faulty.contents.value
    assert "Relevance **" in prompt.contents.value


async def test_progress_was_shown(visit: Visit) -> None:
    kinds = [value["kind"] for value in visit.progress]
    assert kinds[0] == "begin"
    assert set(kinds[1:-1]) == {"report"}


async def test_an_edit_clears_at_once_and_is_explained_anew(visit: Visit) -> None:
    driver = visit.driver
    drained(driver.relevance)
    line = visit.text.count("\n")
    driver.insert(visit.uri, 2, "# edited\n", line)
    cleared = await driver.published()
    assert (cleared.version, list(cleared.diagnostics)) == (2, [])
    stale = await driver.seen(driver.relevance)
    assert (stale["version"], stale["state"], stale["spans"]) == (2, "stale", [])
    again = await computed(driver)
    assert again["version"] == 2
    assert again["pair"]["range"] == visit.relevance["pair"]["range"]

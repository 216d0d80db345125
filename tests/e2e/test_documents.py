"""Any Python file: judged by its own examples, or by a task named by command, in a real engine.

There is no model: what is asked here is answered by the test runner, before one would be loaded.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.lsp_server.driver import Driver

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

PATIENCE = 300.0  # seconds; the engine imports torch first
WRONG = '''def median(values):
    """The middle one.

    >>> median([3, 1, 2])
    2
    >>> median([4, 1, 2, 3])
    2.5
    >>> median([])
    Traceback (most recent call last):
    ValueError: nothing
    """
    return sorted(values)[len(values) // 2]
'''
RIGHT = WRONG.replace("    return ", "    values = sorted(values * 2)\n    return ").replace(
    "sorted(values)[len(values) // 2]", "sum(values[len(values) // 2 - 1 :][:2]) / 2"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def driver(shared_engine_folder: Path) -> AsyncIterator[Driver]:
    driver = Driver({"run": "manual", "model": "no-such-model"}, PATIENCE)
    await driver.start({"TOKENBLAME_RUNTIME_DIR": str(shared_engine_folder)})
    yield driver
    await driver.stop()


async def ended(driver: Driver) -> None:
    """Until nothing is computed any more."""
    while (await driver.seen(driver.progress))[1]["kind"] != "end":
        pass


async def test_a_function_is_judged_by_its_examples(driver: Driver, tmp_path: Path) -> None:
    uri = (tmp_path / "notes.py").as_uri()
    driver.open(uri, WRONG)
    (lens,) = await driver.lenses(uri)
    assert lens.command is not None
    await driver.command(lens.command.command, *(lens.command.arguments or ()))
    while not (shown := (await driver.published()).diagnostics):
        pass
    assert "no-such-model" in await driver.message()
    assert shown[0].message == (
        "Fails docstring test `median([4, 1, 2, 3])`: expected 2.5, got 3. Judged by 2 of the 3 "
        "examples in its docstring (line 8: it expects an exception)."
    )
    await ended(driver)


async def test_a_right_function_passes(driver: Driver, tmp_path: Path) -> None:
    uri = (tmp_path / "notes.py").as_uri()
    driver.open(uri, RIGHT)
    await driver.command("tokenblame.explain", uri)
    await ended(driver)
    assert (await driver.titles(uri))[0] == "Passes its tests"


async def test_a_task_that_is_none_is_told_with_the_nearest(driver: Driver, tmp_path: Path) -> None:
    uri = (tmp_path / "other.py").as_uri()
    driver.open(uri, WRONG.replace(">>>", ""))
    await driver.command("tokenblame.setTask", uri, {"taskId": "HumanEval/165"})
    assert "The nearest are HumanEval/163, HumanEval/162" in await driver.message()
    await driver.command("tokenblame.explain", uri)
    assert "Which task does this file solve?" in await driver.message()


async def test_examples_that_are_gone_are_missed(driver: Driver, tmp_path: Path) -> None:
    uri = (tmp_path / "gone.py").as_uri()
    driver.open(uri, WRONG.replace(">>>", ""))
    await driver.command("tokenblame.setTask", uri, {"taskId": "Doctest/median"})
    assert "`median` has no docstring with examples" in await driver.message()

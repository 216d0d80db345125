"""What a status item is told: never a word about work that another has taken the place of."""

import asyncio
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from attribution.schema import Event
from lsp_server.features.code_lens import lenses_of
from lsp_server.handlers import configuration, explain_commands
from lsp_server.protocol.messages import EngineState
from lsp_server.state.session import SessionState
from lsp_server.state.settings import Run, Settings
from tests.lsp_server.engine.test_latest_version import SAMPLE, PlayedEditor, World
from tests.lsp_server.handlers.test_panel_requests import FAITHFULNESS


async def turns() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


async def running() -> World:
    world = World.create()
    world.edit(SAMPLE)
    await turns()
    assert len(world.engine.streams) == 1
    world.editor.statuses.clear()
    return world


async def test_a_server_with_nothing_to_do_is_ready() -> None:
    world = World.create()
    world.scheduler.apply(Settings(debounce=1))
    assert world.editor.statuses == [(EngineState.READY, "Ready.", None)]


async def test_work_that_another_follows_ends_without_a_word_about_the_sample() -> None:
    world = await running()
    for again in (world.ask, world.edit, world.close):
        again(SAMPLE)
        assert world.editor.statuses.pop() == (EngineState.READY, "Stopped.", None)
        await turns()
        assert world.editor.statuses == []
    assert all(stream.closed for stream in world.engine.streams)


async def test_work_that_is_given_up_is_told() -> None:
    world = await running()
    world.scheduler.cancel()
    await turns()
    assert world.editor.statuses[-1] == (EngineState.READY, "Stopped.", SAMPLE)


async def test_an_edit_that_starts_nothing_is_told() -> None:
    world = World.create()
    world.scheduler.apply(Settings(debounce=0, run=Run.OPEN))
    world.edit(SAMPLE)
    await turns()
    world.edit(SAMPLE)
    await turns()
    assert world.editor.statuses[-1] == (EngineState.READY, "Stopped.", SAMPLE)


async def test_a_question_about_an_edit_that_is_dropped_is_told() -> None:
    """The engine may have been started for it."""
    world = await running()
    world.answer(SAMPLE)
    await turns()
    world.edit(SAMPLE)
    await turns()
    assert world.engine.streams[-1].asks_margin
    world.editor.statuses.clear()
    world.close(SAMPLE)
    assert world.editor.statuses == [(EngineState.READY, "Stopped.", None)]


async def test_a_check_tells_again_what_it_left_as_it_was() -> None:
    world = await running()
    world.answer(SAMPLE)
    snapshot = world.documents.get(SAMPLE)
    assert snapshot is not None
    await turns()
    world.scheduler.cancel()  # the played engine never says that it is done
    session = world.sessions.get(snapshot)
    assert session is not None
    world.engine.script = faithful
    assert explain_commands.check_faithfulness(cast(Any, world), SAMPLE) is not None
    world.editor.relevance_by_uri.clear()
    await turns()
    assert world.editor.relevance_by_uri[SAMPLE]["pair"]["origin"] == "verified"
    assert world.editor.statuses[-1] == (EngineState.READY, "Explained.", SAMPLE)


async def faithful() -> AsyncGenerator[Event, None]:
    yield FAITHFULNESS


async def broken() -> AsyncGenerator[Event, None]:
    nothing: tuple[Event, ...] = ()
    for event in nothing:
        yield event
    raise RuntimeError("a mistake")


async def test_a_mistake_of_ours_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    errors: list[str] = []
    monkeypatch.setattr(PlayedEditor, "error", lambda _self, message: errors.append(message))
    world = World.create()
    world.engine.script = broken
    world.edit(SAMPLE)
    await turns()
    assert world.editor.statuses[-1] == (
        EngineState.ERROR,
        "Internal error: RuntimeError('a mistake')",
        SAMPLE,
    )
    assert len(errors) == 1
    snapshot = world.documents.get(SAMPLE)
    assert snapshot is not None
    session = world.sessions.get(snapshot)
    assert session is not None
    assert session.state is SessionState.STOPPED
    assert len(lenses_of(snapshot, world.sessions, Run.TYPE)) == 1


def test_a_wrong_setting_is_told_once() -> None:
    warnings: list[str] = []
    window: Any = SimpleNamespace(
        initial_settings=Settings(),
        reported_problems=frozenset(),
        editor=SimpleNamespace(warn=warnings.append),
        scheduler=SimpleNamespace(apply=lambda _settings: None),
    )
    for section, times in (({"form": 1}, 1), ({"form": 1, "debounce": 3}, 1), ({}, 1)):
        configuration._apply(window, section)
        assert len(warnings) == times
    configuration._apply(window, {"form": 1})
    assert len(warnings) == 2

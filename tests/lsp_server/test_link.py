"""Why the engine cannot be reached, as its user is told."""

from pathlib import Path

import pytest

from attribution import client
from attribution.errors import EngineUnavailable
from attribution.schema import StatusRequest
from lsp_server.link import EngineLink


async def failure() -> str:
    with pytest.raises(EngineUnavailable) as caught:
        await anext(EngineLink(lambda: None).stream(StatusRequest()))
    return caught.value.message


async def test_a_folder_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TOKENBLAME_RUNTIME_DIR", str(tmp_path / "file" / "run"))
    assert "Set TOKENBLAME_RUNTIME_DIR" in await failure()


async def test_a_log_that_cannot_be_written(engine_folder: Path) -> None:
    client.log_path().mkdir()
    assert "log cannot be written" in await failure()
    assert not (engine_folder / "engine.sock").exists()

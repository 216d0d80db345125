"""What the extension offers as settings is what the server understands."""

import json
from pathlib import Path
from typing import Any

import pytest

from lsp_server.server import CANCEL, EXPLAIN
from lsp_server.settings import SECTION, Settings, parse

MANIFEST = Path(__file__).parents[2] / "editor-client" / "package.json"
CLIENT_ONLY = ("python", "colors.", "trace.")


def _contributed() -> dict[str, dict[str, Any]]:
    """The manifest's settings for the server, by their name within the section."""
    properties = json.loads(MANIFEST.read_text())["contributes"]["configuration"]["properties"]
    names = {name.removeprefix(f"{SECTION}."): value for name, value in properties.items()}
    return {name: value for name, value in names.items() if not name.startswith(CLIENT_ONLY)}


def test_defaults_agree() -> None:
    defaults = {name: value["default"] for name, value in _contributed().items()}
    assert parse(defaults, Settings(rollouts=1, seconds=1.0, debounce=1)) == (Settings(), ())


def test_client_only_settings_do_not_bother_the_server() -> None:
    raw = {"python": "", "colors": {"enabled": True, "intensity": 1}, "trace": {"server": "off"}}
    assert parse(raw, Settings()) == (Settings(), ())


@pytest.mark.parametrize("name", _contributed())
def test_every_value_offered_is_taken(name: str) -> None:
    setting = _contributed()[name]
    limits = [setting[key] for key in ("minimum", "maximum") if key in setting]
    for value in [*setting.get("enum", []), *limits]:
        assert parse({name: value}, Settings())[1] == ()


@pytest.mark.parametrize("name", _contributed())
def test_the_server_refuses_what_the_manifest_forbids(name: str) -> None:
    setting = _contributed()[name]
    wrong: list[Any] = [[]]
    if "minimum" in setting:
        wrong += [setting["minimum"] - 1, setting["maximum"] + 1]
    if "enum" in setting:
        wrong.append("no such choice")
    for value in wrong:
        assert len(parse({name: value}, Settings())[1]) == 1


def test_commands_of_editor_and_server_have_different_names() -> None:
    commands = json.loads(MANIFEST.read_text())["contributes"]["commands"]
    assert {EXPLAIN, CANCEL}.isdisjoint(command["command"] for command in commands)

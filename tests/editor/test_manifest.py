"""What the extension offers is what the server and the engine understand."""

import json
from pathlib import Path
from typing import Any

import pytest

import attribution
from attribution.models.catalogue import CATALOGUE
from lsp_server.protocol import names
from lsp_server.state.settings import SECTION, Settings
from lsp_server.state.settings_parser import KNOWN, parse

CLIENT = Path(__file__).parents[2] / "editor-client"
MANIFEST = json.loads((CLIENT / "package.json").read_text())
CLIENT_ONLY = ("client.", "colors.", "python", "trace.")

# Painting is the extension's own, and VS Code alone says what is trusted.
NOT_FOR_VS_CODE = {"trusted", "semanticTokens", "inlayHints"}


def _properties() -> dict[str, dict[str, Any]]:
    """The manifest's settings, by their name within the section."""
    properties = MANIFEST["contributes"]["configuration"]["properties"]
    return {name.removeprefix(f"{SECTION}."): value for name, value in properties.items()}


def _for_server() -> dict[str, dict[str, Any]]:
    return {
        name: value for name, value in _properties().items() if not name.startswith(CLIENT_ONLY)
    }


def test_every_setting_of_the_server_is_offered() -> None:
    assert set(_for_server()) == set(KNOWN) - NOT_FOR_VS_CODE


def test_defaults_agree() -> None:
    defaults = {name: value["default"] for name, value in _for_server().items()}
    assert parse(defaults, Settings(rollouts=1, seconds=1.0, debounce=1)) == (Settings(), ())


def test_client_only_settings_do_not_bother_the_server() -> None:
    own = {name: value["default"] for name, value in _properties().items()}
    assert parse(own, Settings()) == (Settings(), ())


@pytest.mark.parametrize("name", _for_server())
def test_every_value_offered_is_taken(name: str) -> None:
    setting = _for_server()[name]
    limits = [setting[key] for key in ("minimum", "maximum") if key in setting]
    for value in [*setting.get("enum", []), *limits]:
        assert parse({name: value}, Settings())[1] == ()


@pytest.mark.parametrize("name", _for_server())
def test_the_server_refuses_what_the_manifest_forbids(name: str) -> None:
    setting = _for_server()[name]
    wrong: list[Any] = [[]]
    if "minimum" in setting:
        wrong += [setting["minimum"] - 1, setting["maximum"] + 1]
    if "enum" in setting:
        wrong.append("no such choice")
    for value in wrong:
        assert len(parse({name: value}, Settings())[1]) == 1


def test_commands_of_editor_and_server_have_different_names() -> None:
    # The language client registers those of the server itself: VS Code refuses a second one.
    server = {value for value in vars(names).values() if str(value).startswith(f"{SECTION}.")}
    assert names.EXPLAIN in server
    commands = MANIFEST["contributes"]["commands"]
    assert server.isdisjoint(command["command"] for command in commands)


def test_the_models_to_choose_from_are_those_of_the_catalogue() -> None:
    models = json.loads((CLIENT / "src" / "settings" / "models.json").read_text())
    assert [model["name"] for model in models] == list(CATALOGUE)
    assert models[0]["name"] == Settings().model


def test_extension_and_packages_have_one_version() -> None:
    # The extension installs the packages that it carries, and tells old ones by this.
    assert MANIFEST["version"] == attribution.__version__

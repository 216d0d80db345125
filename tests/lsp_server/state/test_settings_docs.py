"""What is made from the table of settings is fresh: else run `make generate`."""

import pytest

from lsp_server.state import settings_docs, settings_parser
from lsp_server.state.setting_kinds import Boolean, Setting
from lsp_server.state.settings import Settings


def test_the_extension_declares_the_settings_of_the_table() -> None:
    assert settings_docs.MANIFEST.read_text(encoding="utf-8") == settings_docs.manifest()


def test_the_page_about_the_server_lists_them() -> None:
    assert settings_docs.README.read_text(encoding="utf-8") == settings_docs.readme()


def test_a_former_name_still_works_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    renamed = Setting(
        "inlayHints", Boolean(), False, "", attribute="hints", former_names=("hints",)
    )
    monkeypatch.setattr(settings_parser, "_FORMER", {"hints": renamed})
    settings, problems = settings_parser.parse({"hints": True}, Settings())
    assert settings == Settings(hints=True)
    assert problems == ("`tokenblame.hints` is called `tokenblame.inlayHints` now.",)

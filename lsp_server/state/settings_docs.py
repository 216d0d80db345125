"""The settings as the extension declares them and as lsp_server/README.md lists them.

python -m lsp_server.state.settings_docs    writes both
"""

import json
from pathlib import Path
from typing import Any

from lsp_server.state.setting_kinds import Choice, Setting
from lsp_server.state.settings import SECTION
from lsp_server.state.settings_table import SETTINGS

_ROOT = Path(__file__).parents[2]
MANIFEST = _ROOT / "editor-client" / "package.json"
README = _ROOT / "lsp_server" / "README.md"
_BEGIN, _END = "<!-- settings: made by `make generate` -->", "<!-- /settings -->"


def manifest() -> str:
    """The extension's package.json with the settings of the table."""
    package = json.loads(MANIFEST.read_text(encoding="utf-8"))
    package["contributes"]["configuration"]["properties"] = {
        f"{SECTION}.{setting.name}": _property(setting)
        for setting in SETTINGS
        if setting.in_extension
    }
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"


def _property(setting: Setting) -> dict[str, Any]:
    scope = {"scope": setting.scope} if setting.scope else {}
    return {
        **setting.kind.schema(),
        "default": setting.default,
        **scope,
        "markdownDescription": setting.description,
    }


def readme() -> str:
    """The page about the server with the table of its settings."""
    text = README.read_text(encoding="utf-8")
    head, _, rest = text.partition(_BEGIN)
    tail = rest.partition(_END)[2]
    rows = "\n".join(_row(setting) for setting in SETTINGS if setting.attribute)
    table = f"| setting | default | meaning |\n|---|---|---|\n{rows}"
    return f"{head}{_BEGIN}\n{table}\n{_END}{tail}"


def _row(setting: Setting) -> str:
    meaning = setting.description
    if isinstance(setting.kind, Choice):
        values = [
            f"`{option.name}`: {option.description}" if option.description else f"`{option.name}`."
            for option in setting.kind.options
        ]
        meaning = f"{meaning} {' '.join(values)}"
    default = json.dumps(setting.default)
    return f"| `{setting.name}` | `{default}` | {meaning} |"


if __name__ == "__main__":
    MANIFEST.write_text(manifest(), encoding="utf-8")
    README.write_text(readme(), encoding="utf-8")
    print(f"wrote {MANIFEST} and {README}")

"""From what a client sends to settings, with a message for everything that cannot be used."""

import difflib
from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

from attrs import evolve

from lsp_server.state.setting_kinds import Refused, Setting
from lsp_server.state.settings import SECTION, Run, Settings
from lsp_server.state.settings_table import SETTINGS

# By name in the section: those of the server, and where the client's own begin.
KNOWN: Mapping[str, Setting] = {each.name: each for each in SETTINGS if each.attribute}
_FORMER = {former: each for each in KNOWN.values() for former in each.former_names}
_CLIENT_ONLY = {each.name.split(".")[0] for each in SETTINGS if not each.attribute} | {"server"}


def parse(raw: object, base: Settings) -> tuple[Settings, tuple[str, ...]]:
    """`base` with what `raw` sets, and a message for each part of it that was not understood.

    `raw` is a client's section: nested or with dotted names. A bad value leaves that of `base`.
    """
    if raw is None:
        return base, ()
    if not isinstance(raw, Mapping):
        return base, (f"`{SECTION}` must be an object with settings, not {raw!r}.",)
    changes: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in _flat(raw):
        setting = KNOWN.get(name) or _FORMER.get(name)
        if setting is None:
            if value is not None and name.split(".")[0] not in _CLIENT_ONLY:
                problems.append(_unknown(name))
            continue
        if name != setting.name and value is not None:
            problems.append(f"`{SECTION}.{name}` is called `{SECTION}.{setting.name}` now.")
        problems += _take(setting, value, changes, base)
    return _changed(base, changes), tuple(problems)


def _take(
    setting: Setting, value: object, changes: dict[str, Any], base: Settings
) -> Iterator[str]:
    """Put what the value means into `changes`, or say why it cannot be used."""
    attribute = setting.attribute or ""
    if value is None:  # what editors send for "not set"
        if setting.default is None:  # else a value of the base would come back
            changes[attribute] = None
        return
    try:
        changes[attribute] = setting.kind.check(value)
    except Refused as expected:
        yield (
            f"`{SECTION}.{setting.name}` must be {expected}, not {value!r}; "
            f"{_spelled(setting, base)} is used."
        )


def _changed(base: Settings, changes: Mapping[str, Any]) -> Settings:
    own = {name: value for name, value in changes.items() if "." not in name}
    nested = {name.split(".")[1]: value for name, value in changes.items() if "." in name}
    return evolve(base, **own, thresholds=evolve(base.thresholds, **nested))


def _flat(raw: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Leaves with dotted names."""
    for key, value in raw.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _spelled(setting: Setting, settings: Settings) -> str:
    """A value as the user would write it."""
    value = attrgetter(setting.attribute or "")(settings)
    if isinstance(value, Run):
        return value.name.lower()
    return (
        {"form": "auto", "sibling": "none"}.get(setting.name, "the default")
        if value is None
        else str(value)
    )


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, KNOWN, n=1)
    hint = f" Did you mean `{SECTION}.{close[0]}`?" if close else ""
    return f"`{SECTION}.{name}` is no setting of Token Blame.{hint}"

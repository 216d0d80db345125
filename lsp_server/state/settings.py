"""What a user can set: validated, with a message for everything that cannot be used."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from operator import attrgetter
from typing import Any

from attrs import evolve, frozen

from attribution.schema import METHODS, OBJECTIVES, SANDBOXES, Form, ModelSettings

SECTION = "tokenblame"

# Settings of the client alone, which share the section.
_CLIENT_ONLY = ("client", "colors", "python", "server", "trace")

# What an explanation does not depend on.
_NOT_RESULTS = ("run", "debounce", "trusted", "thresholds", "semantic_tokens", "hints", "idle")


class Run(IntEnum):
    """When a document is explained without being asked; each includes those before it."""

    MANUAL = 0
    SAVE = 1
    OPEN = 2
    TYPE = 3  # after the debounce


@frozen
class Thresholds:
    """What is worth naming; nothing is computed anew for them."""

    weak: float = 1.0  # natural-log units; a pair with a smaller Δℓ is marked weak
    share: float = 0.0  # of all relevance; weaker tokens get no note, hint or semantic token
    strongest: int = 5  # tokens named beside a diagnostic and by inlay hints


@frozen
class Settings:
    """Effective settings of one moment."""

    model: str = "qwen2.5-coder-0.5b"
    device: str = "auto"
    dtype: str = "auto"
    sibling: str | None = None  # a model with the same tokenizer that the search asks, too
    form: Form | None = None  # None: from the trace, else guessed
    method: str = "attnlrp"
    objective: str = "contrast"
    rollouts: int = 1024
    seconds: float = 180.0
    top_k: int = 10  # alternatives tried at each token
    run: Run = Run.TYPE
    debounce: int = 800  # milliseconds
    trusted: bool = False  # for clients that know no workspace trust
    sandbox: str = "auto"  # what programs are shut into
    thresholds: Thresholds = Thresholds()
    semantic_tokens: bool = False  # for clients that do not paint the heat map themselves
    hints: bool = False
    idle: float | None = None  # seconds without work after which the engine leaves

    @property
    def for_model(self) -> ModelSettings:
        return ModelSettings(model=self.model, device=self.device, dtype=self.dtype)

    @property
    def for_sibling(self) -> ModelSettings | None:
        return evolve(self.for_model, model=self.sibling) if self.sibling else None

    def same_results(self, other: "Settings") -> bool:
        """Whether an explanation made under `other` is what these settings would give."""
        others = {name: getattr(other, name) for name in _NOT_RESULTS}
        return evolve(self, **others) == other


class _Refused(ValueError):
    """Says what was expected: "one of a, b"."""


Check = Callable[[Any], Any]


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise _Refused("a name that is not empty")


def _optional_text(value: object) -> str | None:
    """Editors whose settings have no null leave a text empty."""
    if isinstance(value, str):
        return value.strip() or None
    raise _Refused("a name, or empty")


def _matching(pattern: str, expected: str) -> Check:
    def check(value: object) -> str:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return value
        raise _Refused(expected)

    return check


def _choice(**values: object) -> Check:
    def check(value: object) -> object:
        if isinstance(value, str) and value in values:
            return values[value]
        raise _Refused("one of " + ", ".join(values))

    return check


def _number(kind: type[int] | type[float], low: int, high: int) -> Check:
    noun = "a whole number" if kind is int else "a number"

    def check(value: object) -> int | float:
        allowed = int if kind is int else (int, float)
        if isinstance(value, bool) or not isinstance(value, allowed) or not low <= value <= high:
            raise _Refused(f"{noun} from {low} to {high}")
        return kind(value)

    return check


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _Refused("true or false")


def _names(*names: str) -> Check:
    return _choice(**{name: name for name in names})


# Name in the editor → attribute of Settings and what makes a value of it.
_KNOWN: dict[str, tuple[str, Check]] = {
    "model": ("model", _text),
    "device": (
        "device",
        _matching(r"auto|cpu|mps|balanced|cuda(:\d+)?", "auto, cpu, mps, cuda, cuda:N or balanced"),
    ),
    "dtype": ("dtype", _names("auto", "float32", "bfloat16", "float16", "4bit")),
    "sibling": ("sibling", _optional_text),
    "form": ("form", _choice(auto=None, direct=Form.DIRECT, chat=Form.CHAT)),
    "method": ("method", _names(*METHODS)),
    "objective": ("objective", _names(*OBJECTIVES)),
    "search.rollouts": ("rollouts", _number(int, 1, 4096)),
    "search.seconds": ("seconds", _number(float, 1, 3600)),
    "search.topK": ("top_k", _number(int, 2, 100)),
    "run": ("run", _choice(**{run.name.lower(): run for run in reversed(Run)})),
    "debounce": ("debounce", _number(int, 0, 60_000)),
    "trusted": ("trusted", _boolean),
    "sandbox": ("sandbox", _names(*SANDBOXES)),
    "thresholds.weak": ("thresholds.weak", _number(float, 0, 100)),
    "thresholds.share": ("thresholds.share", _number(float, 0, 1)),
    "thresholds.strongest": ("thresholds.strongest", _number(int, 0, 100)),
    "semanticTokens": ("semantic_tokens", _boolean),
    "inlayHints": ("hints", _boolean),
    "engine.idleSeconds": ("idle", _number(float, 1, 604_800)),
}

# Without these a value of the base would come back once the user empties the setting.
_UNSET_BY_NULL = ("engine.idleSeconds",)


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
        if value is None:  # what editors send for "not set"
            if name in _UNSET_BY_NULL:
                changes[_KNOWN[name][0]] = None
        elif name in _KNOWN:
            attribute, check = _KNOWN[name]
            try:
                changes[attribute] = check(value)
            except _Refused as expected:
                problems.append(
                    f"`{SECTION}.{name}` must be {expected}, not {value!r}; "
                    f"{_spelled(name, base)} is used."
                )
        elif name.split(".")[0] not in _CLIENT_ONLY:
            problems.append(_unknown(name))
    return _changed(base, changes), tuple(problems)


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


def _spelled(name: str, settings: Settings) -> str:
    """A value as the user would write it."""
    value = attrgetter(_KNOWN[name][0])(settings)
    if isinstance(value, Run):
        return value.name.lower()
    return (
        {"form": "auto", "sibling": "none"}.get(name, "the default")
        if value is None
        else str(value)
    )


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, _KNOWN, n=1)
    hint = f" Did you mean `{SECTION}.{close[0]}`?" if close else ""
    return f"`{SECTION}.{name}` is no setting of Token Blame.{hint}"

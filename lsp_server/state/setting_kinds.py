"""What values a setting takes: how they are validated, and the same for VS Code."""

import re
from typing import Any, Protocol

from attrs import frozen

Json = dict[str, Any]


class Refused(ValueError):
    """Says what was expected: "one of a, b"."""


class Kind(Protocol):
    """What values a setting takes."""

    def check(self, value: object) -> object:
        """What the value means. Raises Refused."""

    def schema(self) -> Json:
        """The same for VS Code's `contributes.configuration`."""


@frozen
class Text:
    """Any text."""

    def check(self, value: object) -> str:
        if isinstance(value, str):
            return value
        raise Refused("a text")

    def schema(self) -> Json:
        return {"type": "string"}


@frozen
class Name:
    """A text that is not empty."""

    def check(self, value: object) -> str:
        if isinstance(value, str) and value.strip():
            return value.strip()
        raise Refused("a name that is not empty")

    def schema(self) -> Json:
        return {"type": "string"}


@frozen
class OptionalName:
    """A name, or nothing: editors whose settings have no null leave a text empty."""

    def check(self, value: object) -> str | None:
        if isinstance(value, str):
            return value.strip() or None
        raise Refused("a name, or empty")

    def schema(self) -> Json:
        return {"type": "string"}


@frozen
class Pattern:
    """A text that a regular expression matches; `expected` says it in words."""

    pattern: str
    expected: str

    def check(self, value: object) -> str:
        if isinstance(value, str) and re.fullmatch(self.pattern, value):
            return value
        raise Refused(self.expected)

    def schema(self) -> Json:
        message = f"One of {self.expected}."
        return {
            "type": "string",
            "pattern": f"^({self.pattern})$",
            "patternErrorMessage": message,
        }


@frozen
class Option:
    """One of the values to choose from."""

    name: str
    value: object
    description: str = ""


@frozen
class Choice:
    """One of several named values."""

    options: tuple[Option, ...]

    def check(self, value: object) -> object:
        for option in self.options:
            if option.name == value:
                return option.value
        raise Refused("one of " + ", ".join(option.name for option in self.options))

    def schema(self) -> Json:
        schema: Json = {"type": "string", "enum": [option.name for option in self.options]}
        if any(option.description for option in self.options):
            schema["enumDescriptions"] = [option.description for option in self.options]
        return schema


@frozen
class Number:
    """A number within limits, both included; null unsets a `nullable` one."""

    kind: type[int] | type[float]
    low: float
    high: float
    nullable: bool = False

    def check(self, value: object) -> int | float:
        noun = "a whole number" if self.kind is int else "a number"
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
        whole = self.kind is float or isinstance(number, int)
        if number is None or not whole or not self.low <= number <= self.high:
            raise Refused(f"{noun} from {self.low} to {self.high}")
        return self.kind(number)

    def schema(self) -> Json:
        kind = "integer" if self.kind is int else "number"
        limits = {"minimum": self.low, "maximum": self.high}
        return {"type": [kind, "null"] if self.nullable else kind, **limits}


@frozen
class Boolean:
    """Yes or no."""

    def check(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise Refused("true or false")

    def schema(self) -> Json:
        return {"type": "boolean"}


@frozen
class Setting:
    """One setting of the section `tokenblame`."""

    name: str
    kind: Kind
    default: Any  # as the user would write it
    description: str  # Markdown, a sentence or two
    attribute: str | None = None  # of Settings; None: the extension's own, the server ignores it
    scope: str | None = None  # of VS Code
    in_extension: bool = True  # False: for clients that lack what our extension has
    former_names: tuple[str, ...] = ()  # that still work, with a message, for one release

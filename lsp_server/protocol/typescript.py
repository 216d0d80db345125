"""The extension's interfaces of what server and client say, made from messages.py.

    python -m lsp_server.protocol.typescript    writes editor-client/src/protocol/serverMessages.ts

Of the libraries that translate Python classes none reads attrs classes with their comments; the
way through JSON schema would lose the names of enumerations.
"""

import inspect
import re
import textwrap
import types
import typing
from enum import StrEnum
from pathlib import Path
from typing import Any

import attrs
from lsprotocol.types import Range

from attribution.schema import Document, Origin, Perturbation, Role
from lsp_server.protocol import messages
from lsp_server.protocol.converter import camel_case

TARGET = Path(__file__).parents[2] / "editor-client" / "src" / "protocol" / "serverMessages.ts"

_HEADER = """\
/**
 * What the server and this extension say to each other beyond the Language Server Protocol.
 * Positions are LSP positions.
 *
 * Made from lsp_server/protocol/messages.py by `make generate`; do not edit.
 */

import type { Range } from 'vscode-languageserver-protocol';
"""
_WIDTH = 100
_PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", Any: "unknown"}
_ENUMERATIONS: dict[type[StrEnum], str] = {
    Role: "Role",
    Document: "DocumentName",  # `Document` is a page's
    Origin: "Origin",
    Perturbation: "Perturbation",
    messages.EngineState: "EngineState",
    messages.RelevanceState: "RelevanceState",
    messages.PanelSection: "PanelSection",
}
_FIGURE = "/** A figure with its 95 % interval: value, low, high. */\n" + (
    "export type Figure = readonly [number, number, number];\n"
)
_COMMENT = re.compile(r"^    (\w+): .*?  # (.+)$", re.MULTILINE)


def generate() -> str:
    """The whole file, in the extension's format."""
    classes = [
        cls
        for cls in vars(messages).values()
        if inspect.isclass(cls) and attrs.has(cls) and cls.__module__ == messages.__name__
    ]
    parts = [_enumeration(cls, name) for cls, name in _ENUMERATIONS.items()]
    parts += [_FIGURE, *map(_interface, classes)]
    return "\n".join([_HEADER, *parts])


def _enumeration(cls: type[StrEnum], name: str) -> str:
    values = [f"'{each.value}'" for each in cls]
    line = f"export type {name} = {' | '.join(values)};"
    if len(line) > _WIDTH:
        line = f"export type {name} =\n" + "\n".join(f"  | {value}" for value in values) + ";"
    return f"{_comment(inspect.getdoc(cls) or '')}{line}\n"


def _interface(cls: type) -> str:
    base = next((each for each in cls.__mro__[1:] if attrs.has(each)), None)
    inherited = {field.name for field in attrs.fields(base)} if base else set()
    hints = typing.get_type_hints(cls)
    comments = dict(_COMMENT.findall(inspect.getsource(cls)))
    optional = issubclass(cls, messages.DocumentParams)
    lines = []
    for field in attrs.fields(cls):
        if field.name in inherited:
            continue
        if field.name in comments:
            lines.append(f"  {_comment(comments[field.name]).strip()}")
        mark = "?" if optional and field.default is not attrs.NOTHING else ""
        lines.append(f"  {camel_case(field.name)}{mark}: {_type(hints[field.name])};")
    extends = f" extends {base.__name__}" if base else ""
    body = "\n".join(lines)
    doc = _comment(inspect.getdoc(cls) or "")
    return f"{doc}export interface {cls.__name__}{extends} {{\n{body}\n}}\n"


def _type(hint: Any) -> str:
    if hint == messages.Figure:
        return "Figure"
    if hint in _PLAIN:
        return _PLAIN[hint]
    if hint is types.NoneType:
        return "null"
    if hint is Range:
        return "Range"
    if inspect.isclass(hint) and issubclass(hint, StrEnum):
        return _ENUMERATIONS[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return " | ".join(map(_type, arguments))
    if origin is tuple and arguments[-1] is ...:
        return f"{_type(arguments[0])}[]"
    if origin is tuple:
        return f"[{', '.join(map(_type, arguments))}]"
    name: str = hint.__name__
    return name


def _comment(text: str) -> str:
    text = " ".join(text.split())
    text = text[0].upper() + text[1:]
    if not text.endswith((".", ":")):
        text += "."
    if len(text) + 9 <= _WIDTH:
        return f"/** {text} */\n"
    lines = textwrap.wrap(text, _WIDTH - 5)
    return "/**\n" + "\n".join(f" * {line}" for line in lines) + "\n */\n"


if __name__ == "__main__":
    TARGET.write_text(generate(), encoding="utf-8")
    print(f"wrote {TARGET}")

"""What a line of `samples.jsonl` says, as EvalPlus reads it."""

import json
from collections.abc import Mapping
from typing import Any

from attrs import frozen

_PROGRAM_KEYS = ("solution", "completion")  # in the order in which EvalPlus looks for them


@frozen
class Program:
    """The program of a sample; a completion lacks the task's prompt."""

    text: str
    completion: bool


def read_line(line: str) -> dict[str, Any]:
    """The fields of a line.

    Raises ValueError with a predicate for a sentence whose subject is the line: "is no JSON …".
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise ValueError("is no JSON object")
    return fields


def program_of(fields: Mapping[str, Any]) -> Program:
    """The program that a line holds; raises ValueError as `read_line` does."""
    for key in _PROGRAM_KEYS:
        if isinstance(fields.get(key), str):
            return Program(fields[key], completion=key == "completion")
    raise ValueError('has neither "solution" nor "completion"')

"""A function's docstring examples as tests (inside the test runner): read here, never executed.

    >>> median([3, 1, 2])
    2

becomes the arguments `[[3, 1, 2]]` with the expected result `2`; EvalPlus' execution then calls and
compares, as for its own tasks. Only what is written out in full can be judged that way: a plain
call of the function with literals, followed by a literal. Results are compared as values, not as
text (`"21"` is `'21'`), and what a function prints is not seen. Every other example is left out,
and the verdict says why.
"""

import ast
import doctest
import hashlib

import tree_sitter_python
from attrs import frozen
from tree_sitter import Language, Node, Parser

from attribution import errors, schema
from attribution.grading.runner.problems import Problem
from attribution.grading.runner.suites import Tests

_PARSER = Parser(Language(tree_sitter_python.language()))
_VERSION = "docstring examples"
_MOST_REASONS = 3


class _NotJudged(Exception):
    """Says why, as a part of a sentence."""


@frozen
class _Docstring:
    text: str
    line: int  # of the file, 1-based, on which it begins
    end: int  # code points of the file up to and including the line on which it ends


def problem_of(code: str, function: str) -> Problem:
    """The task that the docstring of `function` sets: its prompt is the text up to there.

    Its `fields` hold `tests` and `note`. The id names the prompt as well as the function, because
    another prompt is another task. Raises InvalidSample where no example can be judged.
    """
    docstring = _docstring(code, function)
    found = _examples(docstring, function) if docstring else []
    if docstring is None or not found:
        raise errors.InvalidSample(
            f"`{function}` has no docstring with examples (`>>> {function}(…)`) to judge it by."
        )
    inputs, expected, reasons = [], [], []
    for example in found:
        try:
            arguments, wanted = _judged(example, function)
        except _NotJudged as reason:
            reasons.append(f"line {docstring.line + example.lineno}: {reason}")
        else:
            inputs.append(arguments)
            expected.append(wanted)
    if not inputs:
        raise errors.InvalidSample(
            f"No example of `{function}` can be judged ({_listed(reasons)})."
        )
    tests = Tests(inputs, expected, [0.0] * len(inputs), 0)
    note = f"judged by {len(inputs)} of the {len(found)} examples in its docstring"
    if reasons:
        note += f" ({_listed(reasons)})"
    fields = {"atol": 0, "tests": tests, "note": note}
    return Problem(_task(function, code[: docstring.end]), fields, b"")


def _task(function: str, prompt: str) -> schema.Task:
    return schema.Task(
        task_id=schema.doctest_id(function, hashlib.sha256(prompt.encode()).hexdigest()),
        dataset=schema.Dataset.DOCTEST,
        prompt=prompt,
        entry_point=function,
        version=_VERSION,
        suites=(schema.Suite.DOCTEST,),
    )


def _examples(docstring: _Docstring, function: str) -> list[doctest.Example]:
    try:
        return doctest.DocTestParser().get_examples(docstring.text)
    except ValueError as error:
        raise errors.InvalidSample(
            f"The examples in the docstring of `{function}` cannot be read: {error}."
        ) from error


def _listed(reasons: list[str]) -> str:
    more = len(reasons) - _MOST_REASONS
    shown = "; ".join(reasons[:_MOST_REASONS])
    return f"{shown}; and {more} more" if more > 0 else shown


def _judged(example: doctest.Example, function: str) -> tuple[list[object], object]:
    """Arguments and result; _NotJudged says why there are none."""
    if example.options:
        raise _NotJudged("it has options of doctest")
    if example.exc_msg is not None:
        raise _NotJudged("it expects an exception")
    if not example.want.strip():
        raise _NotJudged("it shows no result")
    return _arguments(example.source, function), _literal(example.want, "its result is no literal")


def _arguments(source: str, function: str) -> list[object]:
    try:
        call = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _NotJudged("it is no expression") from error
    if not (
        isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == function
    ):
        raise _NotJudged(f"it is no plain call of {function}")
    if call.keywords or any(isinstance(one, ast.Starred) for one in call.args):
        raise _NotJudged("it has arguments by name")
    return [_literal(one, "its arguments are no literals") for one in call.args]


def _literal(source: str | ast.expr, otherwise: str) -> object:
    """The value that is written out. `...` stands for something, it is no value."""
    try:
        tree = ast.parse(source.strip(), mode="eval").body if isinstance(source, str) else source
        if any(isinstance(one, ast.Constant) and one.value is ... for one in ast.walk(tree)):
            raise _NotJudged(otherwise)
        value: object = ast.literal_eval(tree)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise _NotJudged(otherwise) from error
    return value


def _docstring(code: str, function: str) -> _Docstring | None:
    """Of the last top-level function of that name, the one that Python keeps.

    By tree-sitter, which reads programs that are no Python elsewhere, too.
    """
    data = code.encode()
    found = None
    for node in _PARSER.parse(data).root_node.children:
        inner = node.child_by_field_name("definition") or node
        name = inner.child_by_field_name("name")
        if inner.type == "function_definition" and name and name.text == function.encode():
            found = _first_string(inner) or found
    if found is None or found.text is None:
        return None
    try:
        text = ast.literal_eval(found.text.decode())
    except (SyntaxError, ValueError):
        return None
    if not isinstance(text, str):  # bytes document nothing
        return None
    newline = data.find(b"\n", found.end_byte)
    end = newline + 1 if newline >= 0 else len(data)
    return _Docstring(text, found.start_point[0] + 1, len(data[:end].decode()))


def _first_string(definition: Node) -> Node | None:
    body = definition.child_by_field_name("body")
    named = [one for one in body.named_children if one.type != "comment"] if body else []
    if not named or named[0].type != "expression_statement" or not named[0].named_children:
        return None
    first = named[0].named_children[0]
    return first if first.type == "string" else None

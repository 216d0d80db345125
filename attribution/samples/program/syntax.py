"""What a text is to Python's own parser, and what its statements do (nothing is run).

The parser may warn ("invalid escape sequence"): callers turn warnings off.
"""

import ast
import builtins
import re
import unicodedata
from codeop import PyCF_ALLOW_INCOMPLETE_INPUT  # type: ignore[attr-defined]
from collections.abc import Iterator
from enum import Enum
from keyword import kwlist, softkwlist

_FLAGS = ast.PyCF_ONLY_AST | PyCF_ALLOW_INCOMPLETE_INPUT
# Two words in a row, or a long one and an apostrophe, begin no statement but with a keyword.
_TWO_WORDS = re.compile(r"([^\W\d]\w*)[ \t]+([^\W\d]\w*)|([^\W\d]\w\w+)'")
_NEVER_FIRST = frozenset("`>$?!</%&|^,;:=")  # for speed: the parser is slow to say so
_KEYWORDS = frozenset([*kwlist, *softkwlist, "print", "exec"])  # two of Python 2
# What makes an expression worth running. Names, constants and what joins them are not.
_ACTIONS = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.JoinedStr)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class State(Enum):
    """Of a text's beginning: lines can be added to one that is not WRONG."""

    PROGRAM = "a program"
    OPEN = "not a program yet"
    WRONG = "no program, whatever follows"


def state(text: str) -> State:
    """Whether the text is Python, or may become so with more lines."""
    if english(text):
        return State.WRONG
    try:
        compile(text, "<sample>", "exec", _FLAGS, dont_inherit=True)
    except SyntaxError as error:
        return State.OPEN if error.msg == "incomplete input" else State.WRONG
    except (MemoryError, RecursionError, ValueError):  # too deep; null characters, surrogates
        return State.WRONG
    return State.PROGRAM


def parsed(text: str) -> ast.Module | None:
    """The syntax tree, or None where the text does not parse."""
    if english(text):
        return None
    try:
        return ast.parse(text)
    except (SyntaxError, MemoryError, RecursionError, ValueError):
        return None


def english(text: str) -> bool:
    """Whether the text begins as no Python does: "This works", "Here's", "> ", but not "x is"."""
    if text[:1] in _NEVER_FIRST:
        return True
    found = _TWO_WORDS.match(text)
    return found is not None and _KEYWORDS.isdisjoint(found.groups())


def normal(name: str) -> str:
    """A name as Python compares it."""
    return unicodedata.normalize("NFKC", name)


def does_something(tree: ast.Module) -> bool:
    """Whether running it may have any effect but a NameError."""
    return any(not _idle(statement) for statement in tree.body)


def defines(tree: ast.Module) -> bool:
    """Whether it has functions or classes."""
    return any(isinstance(statement, _DEFINITIONS) for statement in _module_level(tree.body))


def bindings(tree: ast.Module, name: str) -> list[ast.stmt]:
    """The statements of the module that give the name a value."""
    return [s for s in _module_level(tree.body) if name in _bound(s)]


def is_stub(statement: ast.stmt) -> bool:
    """Whether it is a function of a docstring alone."""
    return isinstance(statement, _FUNCTIONS) and all(map(_idle, statement.body))


def falls_through(statement: ast.stmt) -> bool:
    """Whether control may reach the statement's end; of a definition, the end of its body."""
    match statement:
        case ast.Return() | ast.Raise():
            return False
        case ast.If(body=body, orelse=other):
            return not other or falls_through(body[-1]) or falls_through(other[-1])
        case (
            ast.FunctionDef(body=body)
            | ast.AsyncFunctionDef(body=body)
            | ast.ClassDef(body=body)
            | ast.With(body=body)
        ):
            return falls_through(body[-1])
    return True


def worthwhile(tree: ast.Module) -> tuple[int, int]:
    """The statements [first, stop) without those at both ends that can only raise NameError."""
    first, stop = 0, len(tree.body)
    while first < stop and _only_fails(tree.body[first], tree):
        first += 1
    while first < stop and _only_fails(tree.body[stop - 1], tree):
        stop -= 1
    return first, stop


def _idle(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=value) | ast.AnnAssign(value=None, annotation=value):
            return not any(isinstance(node, _ACTIONS) for node in ast.walk(value))
    return isinstance(statement, ast.Pass)


def _only_fails(statement: ast.stmt, tree: ast.Module) -> bool:
    """Whether it does nothing and names something that there is not."""
    if isinstance(statement, ast.Pass) or not _idle(statement):
        return False
    names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        names.discard(statement.target.id)  # "Note: this" binds nothing, but reads `this`
    unknown = {name for name in names if not hasattr(builtins, name)}
    return bool(unknown) and unknown.isdisjoint(_all_bound(tree)) and not _star(tree)


def _all_bound(tree: ast.Module) -> set[str]:
    stores = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
    return stores.union(*(_bound(s) for s in statements if not isinstance(s, ast.AnnAssign)))


def _star(tree: ast.Module) -> bool:
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return any(alias.name == "*" for node in imports for alias in node.names)


def _module_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements, and those within `if`, `try`, `with` and loops."""
    for statement in body:
        yield statement
        if not isinstance(statement, _DEFINITIONS):
            for part in ("body", "orelse", "finalbody"):
                yield from _module_level(getattr(statement, part, []))


def _bound(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {alias.asname or alias.name.split(".")[0] for alias in names}
        case ast.Assign(targets=targets):
            nodes = (node for target in targets for node in ast.walk(target))
            return {node.id for node in nodes if isinstance(node, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
            return {name}
    return set()

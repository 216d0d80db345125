"""What kind of thing stands at a place of a program (tree-sitter; nothing is run)."""

from collections.abc import Callable
from enum import StrEnum

import tree_sitter_python
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_python.language()))
_CONSTANTS = {"integer", "float", "string_content", "string_start", "true", "false", "none"}
_DEFINITIONS = {"function_definition", "class_definition", "decorated_definition"}
_SIGNS = "+ - * / % ** // @ < > <= >= == != & | ^ ~ << >> = += -= *= /= //= %= := "
_OPERATORS = {*_SIGNS.split(), "and", "or", "not", "in", "is", "not in", "is not"}


class TokenKind(StrEnum):
    """Syntactic class of a token."""

    OPERATOR = "operator"
    NAME = "name"
    CONSTANT = "constant"
    KEYWORD = "keyword"
    PUNCTUATION = "punctuation"
    LAYOUT = "layout"  # white space
    PROSE = "prose"  # comments and docstring copies
    BEHIND = "behind"  # what stands behind the last definition, which tests do not call


class Syntax:
    """The kinds of one program."""

    def __init__(self, code: str) -> None:
        self._code = code
        data = code.encode()
        self._bytes = _byte_offsets(code)
        self._root = _PARSER.parse(data).root_node
        definitions = [n.end_byte for n in self._root.children if n.type in _DEFINITIONS]
        self._end = max(definitions, default=len(data))

    def kind(self, start: int, end: int) -> TokenKind:
        """Of the first thing that is no white space in code points [start, end)."""
        text = self._code[start:end]
        if not text.strip():
            inside = self._leaf(start, end)
            return TokenKind.PROSE if _is_prose(inside) else TokenKind.LAYOUT
        start += len(text) - len(text.lstrip())
        node = self._leaf(start, start + 1)
        if _is_prose(node):
            return TokenKind.PROSE
        if self._bytes[start] > self._end:
            return TokenKind.BEHIND
        if node.type in _CONSTANTS:
            return TokenKind.CONSTANT
        if node.type in _OPERATORS:
            return TokenKind.OPERATOR
        if node.type == "identifier":
            return TokenKind.NAME
        return (
            TokenKind.KEYWORD
            if node.type.isidentifier() and not node.is_named
            else TokenKind.PUNCTUATION
        )

    def line(self, offset: int) -> int:
        """Of a code point, counted from 1."""
        return self._code.count("\n", 0, offset) + 1

    def code_behind(self, start: int, end: int) -> int | None:
        """The line of the code before which lines of comment stand that open in [start, end).

        That is their own where they stand in the place of all code; None where no line of comment
        opens there, and where it is the last thing behind a statement.
        """
        opening = start + self._code[start:end].find("#")
        line = self._code.rfind("\n", 0, max(0, opening)) + 1
        if opening < start or self._bytes[opening] > self._end or self._code[line:opening].strip():
            return None
        comment = self._leaf(opening, opening + 1)
        if comment.type != "comment" or comment.start_byte != self._bytes[opening]:
            return None  # the sign stands in a string, or in a comment
        behind = _skip(comment, lambda node: node.next_sibling)
        if behind is not None:
            return behind.start_point.row + 1
        alone = _skip(comment, lambda node: node.prev_sibling) is None
        return comment.start_point.row + 1 if alone and comment.parent != self._root else None

    def _leaf(self, start: int, end: int) -> Node:
        found = self._root.descendant_for_byte_range(self._bytes[start], self._bytes[end])
        return found or self._root


def parses(code: str) -> bool:
    """Whether it may be Python; in doubt (tree-sitter forgives some) yes."""
    return not _PARSER.parse(code.encode(errors="replace")).root_node.has_error


def _is_prose(node: Node | None) -> bool:
    """A comment, or within a string that stands alone (a docstring)."""
    while node is not None:
        if node.type == "comment":
            return True
        if node.type == "string":
            return node.parent is not None and node.parent.type == "expression_statement"
        node = node.parent
    return False


def _skip(node: Node, step: Callable[[Node], Node | None]) -> Node | None:
    """The first neighbour that is neither a comment nor a docstring."""
    found = step(node)
    while found is not None and _is_prose(found.children[0] if found.children else found):
        found = step(found)
    return found


def _byte_offsets(code: str) -> list[int]:
    offsets = [0]
    for character in code:
        offsets.append(offsets[-1] + len(character.encode(errors="replace")))
    return offsets

"""Lines outside of fences that are most likely code, although they do not parse."""

from attribution.samples.program.candidate import Candidate
from attribution.samples.program.fences import mark
from attribution.samples.program.lines import Line, Lines, dedented
from attribution.samples.program.surroundings import prose
from attribution.samples.program.syntax import State, does_something, parsed, state

_TRANSCRIPT = ">>>"
_SLIGHT = 3  # characters of indentation that a fence or prose may have


def foreign(line: str) -> bool:
    """Whether the line is a fence, a transcript or prose."""
    return mark(line) is not None or line.lstrip().startswith(_TRANSCRIPT) or prose(line)


def stretch(lines: Lines, index: int) -> tuple[int, int]:
    """The lines [first, stop) around a definition, from its imports to the next prose or fence."""
    margin = lines[index].depth
    first, stop = index, index + 1
    while first and _leads(lines[first - 1], margin):
        first -= 1
    while stop < len(lines) and _follows(lines[stop], margin):
        stop += 1
    return lines.trimmed(first, stop)


def at_margin(lines: Lines, first: int, stop: int) -> Candidate:
    """The lines without their indentation, if they have one."""
    if not any(lines[index].depth for index in (first, stop - 1)):
        return Candidate(lines, first, stop)
    within = dedented(lines[index] for index in range(first, stop))
    return Candidate(within, 0, len(within))


def _leads(line: Line, margin: int) -> bool:
    """Whether the line may stand before a definition, as imports, decorators and comments do."""
    if not _follows(line, margin) or line.blank or line.depth > margin:
        return _follows(line, margin)
    bare = line.text.lstrip(" \t")
    tree = parsed(bare)
    if tree is None:
        return state(bare) is State.OPEN
    return not tree.body or does_something(tree)


def _follows(line: Line, margin: int) -> bool:
    """Whether the line may be code at the margin or behind it."""
    if line.blank:
        return True
    near = line.depth <= margin + _SLIGHT
    return line.depth >= margin and not (near and foreign(line.text))

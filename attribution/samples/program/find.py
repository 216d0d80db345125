"""The search for the program (the package's docstring gives its rules)."""

import re
import warnings
from collections.abc import Callable

from attribution.samples.program.candidate import Candidate
from attribution.samples.program.candidates import Candidates
from attribution.samples.program.fences import blocks
from attribution.samples.program.labels import Around, left_out
from attribution.samples.program.lines import Lines
from attribution.samples.program.surroundings import answer, end_tokens
from attribution.samples.program.syntax import normal, parsed
from attribution.samples.program.values import NoProgram, Program

_MARK = "\ufeff"


def find_program(text: str, entry_point: str | None = None) -> Program | NoProgram:
    """The program that the text holds, in its place; nothing is run.

    `entry_point` is the function that the task asks for, where that is known. The function is pure
    and fast, so that a search can call it for each rollout: a text of 1 MB takes one to three times
    as long as Python needs to parse it (0.4 s).
    """
    # The parser warns of what the text holds ("invalid escape sequence").
    with warnings.catch_warnings(action="ignore"):
        return _found(text, normal(entry_point) if entry_point else None)


def _found(text: str, entry: str | None) -> Program | NoProgram:
    start = len(_MARK) if text.startswith(_MARK) else 0
    whole = _as_it_stands(text, start)
    if whole is not None:
        return _program(text, whole, Around(start, start, len(text), entry))
    end = max(start, end_tokens(text))
    behind = answer(text, start, end)
    around = Around(start, behind, end, entry)
    for begin in dict.fromkeys([behind, start]):  # the answer, and if need be the thinking
        found = _search(Lines.of(text, (begin, end)), entry)
        if found is not None:
            return _program(text, found, around)
    return _why_none(text, around)


def _as_it_stands(text: str, start: int) -> Candidate | None:
    """The whole text if it is a program, perhaps without prose at its ends that parses."""
    lines = Lines.of(text, (start, len(text)))
    found = Candidate(lines, 0, len(lines))
    return found.narrowed() if found.effective else None


def _search(lines: Lines, entry: str | None) -> Candidate | None:
    candidates = Candidates(lines, entry)
    ways: list[Callable[[], Candidate | None]] = []
    if entry is not None and entry in normal(lines.text):
        ways += [candidates.binding, candidates.named, candidates.stub]
    ways += [candidates.defining, candidates.fenced, candidates.loose]
    return next((found for way in ways if (found := way()) is not None), None)


def _program(text: str, found: Candidate, around: Around) -> Program:
    pieces = found.lines.pieces(found.first, found.stop)
    code = "".join(text[start:end] for start, end in pieces)
    return Program(code, pieces, left_out(text, pieces, around), found.tree is not None)


def _why_none(text: str, around: Around) -> NoProgram:
    rest = text[around.answer : around.end]
    fences = blocks(Lines.of(text, (around.answer, around.end)))
    if not text[around.start :].strip():
        return NoProgram("The text is empty.", "Give a program, or an answer that holds one.")
    if not rest.strip():
        if around.answer > around.start:
            return NoProgram(
                "The text is thinking alone, without an answer behind it.",
                "Let the model write more tokens, or turn its thinking off.",
            )
        return NoProgram(
            "The text is an end token alone: the model ended its answer at once.",
            "Check that the prompt is in the form that the model was trained on.",
        )
    if re.search(r"^[ \t]*>>> ", rest, re.MULTILINE):
        return NoProgram(
            "The text holds a transcript of an interactive interpreter, but no program.",
            "Give the function as it stands in a file, without `>>>` and results.",
        )
    languages = sorted({block.mark.language for block in fences if block.foreign})
    if languages:
        return NoProgram(
            f"The text's code blocks are in other languages than Python ({', '.join(languages)}).",
            "Ask the model for Python, in a block that begins with ```python.",
        )
    if parsed("def body():\n" + rest) is not None:
        return NoProgram(
            "The text is the body of a function, without its first line.",
            "Put the prompt before it; in samples.jsonl, name the field `completion`.",
        )
    return NoProgram(
        "The text holds no Python program.",
        "Ask the model for the whole function, in a block that begins with ```python.",
    )

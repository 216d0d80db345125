"""What is found in a text: the program in its place, what was left out, or advice."""

from bisect import bisect_right
from enum import StrEnum

from attrs import field, frozen

Span = tuple[int, int]  # half-open range of Unicode code points


class Kind(StrEnum):
    """Why a piece of the text is not part of the program."""

    BYTE_ORDER_MARK = "byte order mark"
    THINKING = "thinking"
    REPEATED_PROMPT = "repeated prompt"
    PROSE = "prose"
    FENCE = "fence"
    INDENTATION = "indentation"
    CODE = "other code"
    CALL = "call"
    TRANSCRIPT = "transcript"
    END_TOKEN = "end token"


@frozen
class LeftOut:
    """A piece of the text that is not part of the program."""

    kind: Kind
    start: int
    end: int
    lines: int  # that are not blank


@frozen
class Program:
    """The program in a text.

    `code` is what a judge runs: the text's `pieces`, joined. That is one piece, unless the program
    is indented (each line is a piece then). Pieces and `left_out` together cover the text.
    """

    code: str
    pieces: tuple[Span, ...]
    left_out: tuple[LeftOut, ...]
    complete: bool  # it parses as Python
    _starts: tuple[int, ...] = field(init=False, repr=False, eq=False)  # of the pieces, in `code`

    @_starts.default
    def _positions(self) -> tuple[int, ...]:
        found, position = [], 0
        for start, end in self.pieces:
            found.append(position)
            position += end - start
        return tuple(found)

    @property
    def start(self) -> int:
        """Where the program begins in the text."""
        return self.pieces[0][0]

    @property
    def end(self) -> int:
        """Where the program ends in the text."""
        return self.pieces[-1][1]

    @property
    def description(self) -> str:
        """What was left out, for the verdict ("1 line of prose before, the fence"); "" if nothing.

        A byte order mark is not worth a word: Python skips it, too.
        """
        kinds = dict.fromkeys(Kind)
        phrases = (_phrase(k, [p for p in self.left_out if p.kind is k], self.start) for k in kinds)
        return ", ".join(filter(None, phrases))

    def place(self, offset: int) -> int:
        """Where a code point of `code` stands in the text; its end is the program's end."""
        if offset >= len(self.code):
            return self.end
        piece = bisect_right(self._starts, offset) - 1
        return self.pieces[piece][0] + offset - self._starts[piece]

    def offset(self, place: int) -> int | None:
        """Where a code point of the text stands in `code`; None if it was left out."""
        piece = bisect_right(self.pieces, place, key=lambda span: span[0]) - 1
        if piece < 0 or place >= self.pieces[piece][1]:
            return None
        return self._starts[piece] + place - self.pieces[piece][0]


@frozen
class NoProgram:
    """There is no program in the text."""

    reason: str  # a sentence
    advice: str  # what would help, a sentence


def _phrase(kind: Kind, pieces: list[LeftOut], start: int) -> str:
    lines = sum(piece.lines for piece in pieces)
    if not pieces or kind is Kind.BYTE_ORDER_MARK:
        return ""
    match kind:
        case Kind.FENCE:
            return "the fence" if lines <= 2 else "the fences"
        case Kind.INDENTATION:
            return "the indentation"
        case Kind.END_TOKEN:
            return "the end token"
    before = sum(piece.lines for piece in pieces if piece.start < start)
    where = [(before, "before"), (lines - before, "behind")]
    counts = [f"{count} {place}" for count, place in where if count]
    if not counts:
        return ""
    number, first = counts[0].split(" ")
    noun = "line" if number == "1" else "lines"
    return " and ".join([f"{number} {noun} of {_NOUNS.get(kind, kind)} {first}", *counts[1:]])


_NOUNS = {
    Kind.CALL: "calls",
    Kind.REPEATED_PROMPT: "the repeated prompt",
    Kind.TRANSCRIPT: "a transcript",
}

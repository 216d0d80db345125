"""What the search tries: single alternatives, and second ones where a first led nearly there."""

import heapq
import itertools
import math
from collections.abc import Iterator, Sequence
from enum import IntEnum

from attrs import define, evolve, field, frozen
from transformers import PreTrainedTokenizerBase

from attribution.decoding import Branch, Choice, Finished
from attribution.decoding.tokens import decode_each
from attribution.faults.candidates import Candidate
from attribution.schema import SecondFlip, TokenChoice

_ROOM = 64  # tokens a rollout may write beyond the length of the original
_SHORTEST = 192  # tokens that it may write in any case: the repair of a stub is no stub
_CHILDREN = 6  # second tokens tried behind one first token
# Added to the score of a two-token repair: of those 8 in 1500 pass, of single ones that wait for
# their rest 44 in 760 (study over HumanEval+).
_SECOND = -4.0


class Stage(IntEnum):
    """How far an attempt has come, and what may interrupt it."""

    NEW = 0
    LINE = 1  # writes the line of its first token, which is then tried in the original
    REST = 2  # goes on, unless it rejoins the original or overruns
    LAST = 3  # goes on to its end in any case


@frozen
class Attempt:
    """One continuation to be decoded and tested."""

    candidate: Candidate
    branch: Branch
    score: float
    second: SecondFlip | None = None
    known: tuple[Choice, ...] = ()  # alternatives to what it wrote before it was interrupted
    stage: Stage = Stage.NEW
    interrupted: bool = False  # it goes on where it was


@define
class Frontier:
    """Attempts by score; best first."""

    _heap: list[tuple[float, int, Attempt]] = field(factory=list)
    _numbers: "itertools.count[int]" = field(factory=itertools.count)

    def push(self, attempt: Attempt) -> None:
        heapq.heappush(self._heap, (-attempt.score, next(self._numbers), attempt))

    def pop(self) -> Attempt:
        return heapq.heappop(self._heap)[-1]

    @property
    def best(self) -> float:
        """The score of what `pop` would return."""
        return -self._heap[0][0] if self._heap else -math.inf

    def take(self, candidate: Candidate) -> Attempt | None:
        """Remove and return the first-token attempt of `candidate`, if it is here."""
        for place, (_, _, attempt) in enumerate(self._heap):
            if attempt.second is None and attempt.candidate == candidate:
                del self._heap[place]
                heapq.heapify(self._heap)
                return attempt
        return None

    def __len__(self) -> int:
        return len(self._heap)


def longest(start: int, length: int) -> int:
    """Tokens that a repair of a sample of `length` tokens, written from `start` on, may have."""
    return max(length + _ROOM, start + _SHORTEST)


def first(candidate: Candidate, length: int) -> Attempt:
    """Force one token, and let the model write up to `length` positions."""
    limit = max(1, length - candidate.position)
    branch = Branch(candidate.position, (candidate.contrast.id,), limit)
    return Attempt(candidate, branch, candidate.score)


def seconds(
    attempt: Attempt, done: Finished, tokenizer: PreTrainedTokenizerBase, start: int
) -> Iterator[Attempt]:
    """The likeliest second tokens on the way of a rollout that failed.

    `start` is where the output begins. The score is that of the joint probability.
    """
    ids, choices = done.completion.ids, [*attempt.known, *done.choices]
    given = attempt.branch.position - start + len(attempt.branch.tokens) - len(attempt.known)
    options = []
    for place, (tokens, chances) in enumerate(choices, given):
        if place >= len(ids):
            break
        options += [
            (chance, place, rank)
            for rank, (token, chance) in enumerate(zip(tokens, chances, strict=True), 1)
            if token != ids[place]
        ]
    options.sort(reverse=True)
    for chance, place, rank in options[:_CHILDREN]:
        token = choices[place - given][0][rank - 1]
        yield _second(attempt, ids, place, (token, rank, chance), tokenizer, start)


def _second(
    attempt: Attempt,
    ids: Sequence[int],
    place: int,
    choice: tuple[int, int, float],
    tokenizer: PreTrainedTokenizerBase,
    start: int,
) -> Attempt:
    token, rank, chance = choice
    written, other = decode_each(tokenizer, ids[place - 1], [ids[place], token])
    way = tuple(ids[attempt.branch.position - start : place])
    return Attempt(
        attempt.candidate,
        branch=evolve(attempt.branch, tokens=(*way, token)),
        score=attempt.candidate.score + chance + _SECOND,
        second=SecondFlip(
            start + place,
            TokenChoice(ids[place], written, 1),
            TokenChoice(token, other, rank),
        ),
    )

"""What the search tries: single alternatives, and second ones where a first led nearly there."""

import heapq
import itertools
from collections.abc import Iterator, Sequence

from attrs import define, evolve, field, frozen
from transformers import PreTrainedTokenizerBase

from attribution.decoding import Branch, Finished
from attribution.faults.candidates import Candidate
from attribution.schema import SecondFlip, TokenChoice

_CHILDREN = 6  # second tokens tried behind one first token
_SECOND = -1.0  # added to the score of a two-token repair


@frozen
class Attempt:
    """One continuation to be decoded and tested."""

    candidate: Candidate
    branch: Branch
    score: float
    second: SecondFlip | None = None
    started: bool = False  # it was counted
    final: bool = False  # it was put aside before and is decoded to its end now


@define
class Frontier:
    """Attempts by score; best first."""

    _heap: list[tuple[float, int, Attempt]] = field(factory=list)
    _numbers: "itertools.count[int]" = field(factory=itertools.count)

    def push(self, attempt: Attempt, urgency: float = 0.0) -> None:
        entry = -attempt.score - urgency, next(self._numbers), attempt
        heapq.heappush(self._heap, entry)

    def pop(self) -> Attempt:
        return heapq.heappop(self._heap)[-1]

    def __len__(self) -> int:
        return len(self._heap)


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
    ids = done.completion.ids
    given = attempt.branch.position - start + len(attempt.branch.tokens)
    options = []
    for place, (tokens, chances) in enumerate(done.choices, given):
        if place >= len(ids):
            break
        options += [
            (chance, place, rank)
            for rank, (token, chance) in enumerate(zip(tokens, chances, strict=True), 1)
            if token != ids[place]
        ]
    options.sort(reverse=True)
    for chance, place, rank in options[:_CHILDREN]:
        token = done.choices[place - given][0][rank - 1]
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
    way = tuple(ids[attempt.branch.position - start : place])
    return Attempt(
        attempt.candidate,
        branch=evolve(attempt.branch, tokens=(*way, token)),
        score=attempt.score + chance + _SECOND,
        second=SecondFlip(
            start + place,
            TokenChoice(ids[place], str(tokenizer.decode([ids[place]])), 1),
            TokenChoice(token, str(tokenizer.decode([token])), rank),
        ),
    )

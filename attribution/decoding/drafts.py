"""What a rollout will probably write next: what was written behind the same tokens before.

Rollouts of one sample mostly write what the original or one of them has written already, a little
further up or down. So the last tokens are looked up in all of that (an n-gram model that learns
while it is used; prompt lookup decoding, over a forest instead of a prompt), and what stood behind
them last is drafted. The model verifies it: a wrong guess costs time and changes nothing.
"""

import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from attrs import define, field

_LONGEST = 6  # tokens of context; the longest that is known is the most certain
_SHORTEST = 2
_LEAST = 0.3  # chance of a drafted token that is worth its place


@define
class Drafts:
    """An n-gram model of one root and all its rollouts."""

    _next: dict[tuple[int, ...], int] = field(factory=dict)  # behind these tokens, when last seen
    # By length of context: guesses, and those that came true.
    _guesses: list[float] = field(factory=lambda: [5.0] * (_LONGEST + 1))
    _right: list[float] = field(factory=lambda: [4.0] * (_LONGEST + 1))

    def read(self, ids: Sequence[int]) -> None:
        """All of `ids` were written one behind the other."""
        for end in range(1, len(ids) + 1):
            self.learn(ids[max(0, end - 1 - _LONGEST) : end])

    def learn(self, ids: Sequence[int]) -> None:
        """The last of `ids` was written behind the others."""
        *context, token = ids[-1 - _LONGEST :]
        order, guess = self._after(context)
        if order:
            self._guesses[order] += 1
            self._right[order] += guess == token
        for length in range(_SHORTEST, len(context) + 1):
            self._next[tuple(context[-length:])] = token

    def behind(self, ids: Sequence[int]) -> Iterator[tuple[int, float]]:
        """Tokens, each with the chance that it and all before it come true; without end perhaps."""
        context, chance = list(ids[-_LONGEST:]), 1.0
        while True:
            order, token = self._after(context)
            if not order:
                return
            chance *= self._right[order] / self._guesses[order]
            yield token, chance
            context = [*context, token][-_LONGEST:]

    def _after(self, context: Sequence[int]) -> tuple[int, int]:
        """Length of the longest context that is known, and what was behind it; (0, 0): none."""
        for length in range(len(context), _SHORTEST - 1, -1):
            token = self._next.get(tuple(context[-length:]))
            if token is not None:
                return length, token
        return 0, 0


def share(
    drafts: Mapping[int, Sequence[tuple[int, float]]], eager: Collection[int], spare: int
) -> dict[int, list[int]]:
    """What is drafted where a pass has room for `spare` tokens: the likeliest ones.

    `drafts`: tokens of each rollout with falling chances. Those of `eager` rollouts come first.
    """
    worth = (
        (number in eager, chance, -number)  # of equals the older: it was thought the better one
        for number, draft in drafts.items()
        for _, chance in draft
        if chance > _LEAST
    )
    lengths = Counter(-number for _, _, number in heapq.nlargest(max(0, spare), worth))
    return {n: [token for token, _ in draft[: lengths[n]]] for n, draft in drafts.items()}

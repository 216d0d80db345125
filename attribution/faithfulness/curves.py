"""Deletion curves: what becomes of the score while tokens are masked in a given order."""

from collections.abc import Sequence

import numpy as np
from attrs import frozen

from attribution.errors import InvalidRequest
from attribution.faithfulness.statistics import Floats, gap, p_value
from attribution.schema import Curves

FRACTIONS = tuple(tenth / 10 for tenth in range(1, 11))
ORDERS = 20  # random ones

Order = tuple[int, ...]  # token positions


@frozen
class Deletion:
    """Which sets of tokens must be masked, each once, and where the curves find them.

    orders[0] is MoRF (most relevant first), orders[1] LeRF, its reverse. The others are random:
    each even one is followed by its reverse, which is as random, and the gap between the two is
    what an order without knowledge reaches. `places[order][k]` is the set at fractions[k].
    """

    fractions: tuple[float, ...]
    sets: tuple[Order, ...]
    places: tuple[tuple[int, ...], ...]

    @classmethod
    def plan(
        cls,
        relevance: Floats,
        tokens: Sequence[int],
        fractions: Sequence[float],
        orders: int,
        seed: int,
    ) -> "Deletion":
        """For `relevance` (m,) of `tokens` (m of them); an odd number of orders is rounded up.

        MoRF removes by descending signed relevance, so that the score falls fastest; ties are
        broken by chance, so that a map that says nothing is a random order.
        """
        if not fractions or not all(0 < fraction <= 1 for fraction in fractions):
            raise InvalidRequest("Fractions of tokens lie above 0 and up to 1.")
        generator = np.random.default_rng(seed)
        positions = np.asarray(tokens)
        shuffled = generator.permutation(len(positions))
        morf = positions[shuffled[np.argsort(-relevance[shuffled], kind="stable")]]
        both = [morf, morf[::-1]]
        for _ in range((orders + 1) // 2):
            order = generator.permutation(positions)
            both += [order, order[::-1]]
        # The same set of tokens, whatever their order, is the same intervention.
        sets: dict[frozenset[int], int] = {}
        places = []
        for order in both:
            heads = [frozenset(order[: _count(f, len(positions))].tolist()) for f in fractions]
            places.append(tuple(sets.setdefault(head, len(sets)) for head in heads))
        return cls(tuple(fractions), tuple(tuple(sorted(head)) for head in sets), tuple(places))

    def curves(self, scores: Sequence[float]) -> Curves:
        """From the score without each of `sets`.

        The p-value is the share of random orders whose gap to their reverse is at least that of
        the map, itself counted; so with 20 orders it is 0.048 at best.
        """
        morf, lerf, *random = (tuple(scores[place] for place in row) for row in self.places)
        found = gap(morf, lerf)
        pairs = zip(random[::2], random[1::2], strict=True)
        by_chance = [sign * gap(one, other) for one, other in pairs for sign in (1, -1)]
        return Curves(self.fractions, morf, lerf, tuple(random), found, p_value(found, by_chance))


def _count(fraction: float, tokens: int) -> int:
    """At least one token."""
    return max(1, round(fraction * tokens))

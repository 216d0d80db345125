"""Paths through a raw graph, from an input token up to the explained node.

A path is worth the product of the shares of its edges (`shares` in pruning.py). The influence of an
input token is what all paths from it are worth together, so that the strongest paths are the ways
on which most of the explained node's relevance comes.
"""

from collections.abc import Sequence
from heapq import heappop, heappush

import numpy as np

from attribution.graphs.pruning import shares
from attribution.graphs.raw import Array, RawGraph, RawTransition

Path = tuple[int, ...]  # a token at every stage, from the embedding up


def hops(path: Path) -> list[tuple[int, int, int]]:
    """(transition, target, source) of the steps that lead from one token to another."""
    steps = enumerate(zip(path[1:], path, strict=False))
    return [(t, target, source) for t, (target, source) in steps if target != source]


def strongest_paths(raw: RawGraph, k: int) -> list[Path]:
    """The `k` paths that are worth most, strongest first; fewer where there are no more.

    Best first from the top: what the beginning of a path can still become is the best way down
    from where it ends, and that is known of every node.
    """
    edge_shares = [shares(transition) for transition in raw.transitions]
    best = _best_ways(raw, edge_shares)
    last = raw.relevance.shape[1] - 1
    waiting: list[tuple[float, float, Path]] = [(-best[-1, last], 1.0, (last,))]
    paths: list[Path] = []
    while waiting and len(paths) < k:
        _, worth, path = heappop(waiting)  # from its top down to where it is
        if len(path) == len(raw.stages):
            paths.append(path[::-1])
            continue
        t = len(raw.stages) - len(path) - 1
        into = _into(raw.transitions[t], path[-1])
        sources, worths = raw.transitions[t].sources[into], worth * edge_shares[t][into]
        bound = worths * best[t, sources]
        for edge in np.argsort(-bound, kind="stable")[:k].tolist():
            if bound[edge] > 0:
                step = (*path, int(sources[edge]))
                heappush(waiting, (-float(bound[edge]), float(worths[edge]), step))
    return paths


def random_paths(
    raw: RawGraph, hop_counts: Sequence[int], orders: int, seed: int
) -> list[list[Path]]:
    """`orders` random choices of paths, each with one path for every entry of `hop_counts`.

    All paths with as many hops are equally likely. A number of hops that no path has is left out.
    """
    ways = _ways(raw, max(hop_counts, default=0))
    generator = np.random.default_rng(seed)
    possible = [count for count in hop_counts if ways[-1, -1, count] > 0]
    return [
        [_random_path(raw, ways, count, generator) for count in possible] for _ in range(orders)
    ]


def _best_ways(raw: RawGraph, edge_shares: list[Array]) -> Array:
    """(stages, n): what the best way from the embedding to each node is worth, 0 where none is."""
    best = np.zeros(raw.relevance.shape)
    best[0] = 1.0
    for t, transition in enumerate(raw.transitions):
        worth = edge_shares[t] * best[t, transition.sources]
        np.maximum.at(best[t + 1], transition.targets, worth)
    return best


def _ways(raw: RawGraph, max_hops: int) -> Array:
    """(stages, n, max_hops + 1): how many paths with each number of hops lead to each node."""
    stages, n = raw.relevance.shape
    ways = np.zeros((stages, n, max_hops + 1))
    ways[0, :, 0] = 1.0
    for t, edges in enumerate(raw.transitions):
        for h in range(max_hops + 1):
            before = _before(edges, ways[t], h)
            ways[t + 1, :, h] = np.bincount(edges.targets, before, n)
    return ways


def _before(edges: RawTransition, ways: Array, h: int) -> Array:
    """(E,): how many paths with `h` hops end with each edge; `ways` (n, hops) lead to sources."""
    hop = edges.targets != edges.sources
    counts: Array = np.where(hop & (h == 0), 0.0, ways[edges.sources, h - hop])
    return counts


def _random_path(raw: RawGraph, ways: Array, count: int, generator: np.random.Generator) -> Path:
    path = [raw.relevance.shape[1] - 1]
    for t in reversed(range(len(raw.transitions))):
        edges = raw.transitions[t]
        into = _into(edges, path[-1])
        chances = _before(edges, ways[t], count)[into]
        source = int(generator.choice(edges.sources[into], p=chances / chances.sum()))
        count -= source != path[-1]
        path.append(source)
    return tuple(path[::-1])


def _into(edges: RawTransition, token: int) -> Array:
    """Indices of the edges into one target."""
    return np.flatnonzero(edges.targets == token)

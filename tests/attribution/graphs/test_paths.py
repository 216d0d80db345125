"""Strongest and random paths, against all paths of small graphs written out."""

from collections import Counter
from itertools import pairwise
from math import prod

import numpy as np
import pytest

from attribution.graphs.paths import Path, hops, random_paths, strongest_paths
from attribution.graphs.pruning import influence, shares
from attribution.graphs.raw import RawGraph
from tests.attribution.graphs.random_graphs import plain, random_raw


def every_path(raw: RawGraph) -> dict[Path, float]:
    """What each path is worth, from its embedding up to the explained node."""
    edges = [
        {
            (source, target): share
            for target, source, share in zip(t.targets, t.sources, shares(t), strict=True)
        }
        for t in raw.transitions
    ]
    paths: list[Path] = [(raw.relevance.shape[1] - 1,)]
    for step in reversed(edges):
        paths = [(source, *path) for path in paths for source, target in step if target == path[0]]
    return {
        path: prod(step[pair] for step, pair in zip(edges, pairwise(path), strict=True))
        for path in paths
    }


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("k", [1, 7, 10_000])
def test_the_strongest_paths_are_those_worth_most(seed: int, k: int) -> None:
    raw = random_raw(seed, stages=4, n=5, density=0.7)
    worth = every_path(raw)
    found = strongest_paths(raw, k)
    assert len(found) == len(set(found)) == min(k, len(worth))
    best = sorted(worth.values(), reverse=True)[:k]
    assert [worth[path] for path in found] == pytest.approx(best)


def test_all_paths_together_are_the_influence_of_the_input() -> None:
    raw = random_raw(1, stages=4, n=5)
    worth = every_path(raw)
    sums = np.zeros(5)
    for path in strongest_paths(raw, 10_000):
        sums[path[0]] += worth[path]
    np.testing.assert_allclose(sums, influence(raw)[0], atol=1e-12)


def test_hops_name_transition_target_and_source() -> None:
    assert hops((2, 2, 5, 5, 7)) == [(1, 5, 2), (3, 7, 5)]
    assert hops((3, 3, 3)) == []


def test_random_paths_have_the_hops_that_are_asked_for_and_exist() -> None:
    raw = random_raw(2, stages=5, n=6, density=0.5)
    there = {len(hops(path)) for path in every_path(raw)}
    assert there == {0, 1, 2, 3, 4}
    rows = random_paths(raw, [2, 0, 4, 1], orders=3, seed=0)
    for row in rows:
        assert [len(hops(path)) for path in row] == [2, 0, 4, 1]
        assert set(row) <= every_path(raw).keys()
    assert rows == random_paths(raw, [2, 0, 4, 1], orders=3, seed=0)
    assert rows != random_paths(raw, [2, 0, 4, 1], orders=3, seed=1)
    flat = RawGraph(("embedding", "0.mlp"), np.ones((2, 2)), 1.0, (plain([1], [1], [1.0], 2),))
    assert random_paths(flat, [1, 0], orders=2, seed=0) == [[(1, 1)]] * 2


def test_every_path_of_so_many_hops_is_as_likely() -> None:
    raw = random_raw(2, stages=4, n=5, density=0.6)
    wanted = {path for path in every_path(raw) if len(hops(path)) == 2}
    assert len(wanted) > 5
    draws = 6000
    counted = Counter(row[0] for row in random_paths(raw, [2], orders=draws, seed=0))
    assert counted.keys() == wanted
    mean = draws / len(wanted)
    assert max(abs(count - mean) for count in counted.values()) < 5 * mean**0.5


def test_a_graph_without_paths_has_none() -> None:
    raw = RawGraph(("embedding", "0.mlp"), np.zeros((2, 2)), 0.0, (plain([], [], [], 2),))
    assert strongest_paths(raw, 3) == []
    assert random_paths(raw, [1], orders=2, seed=0) == [[], []]

"""The figures of a transition, against their definitions written out."""

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from attribution.graphs.measures import KeptEdges, gini, hubs, measure


def _edges(*rows: tuple[int, int, float]) -> KeptEdges:
    """Rows of target, source, |weight|."""
    targets, sources, sizes = zip(*rows, strict=True) if rows else ((), (), ())
    return KeptEdges(
        np.array(targets, dtype=np.int64),
        np.array(sources, dtype=np.int64),
        np.array(sizes),
        np.arange(10) + 1,
    )


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12))
def test_gini_is_the_mean_difference_over_twice_the_mean(values: list[float]) -> None:
    sizes = np.array(values)
    differences = sum(abs(a - b) for a in values for b in values)
    total = 2 * len(values) * sum(values)
    assert gini(sizes) == pytest.approx(differences / total if total else 0.0, abs=1e-9)


def test_gini_knows_its_ends() -> None:
    assert gini(np.array([])) == 0
    assert gini(np.full(5, 3.0)) == pytest.approx(0)
    assert gini(np.array([0.0, 0.0, 0.0, 2.0])) == pytest.approx(3 / 4)  # (k − 1) / k


def test_the_figures_of_a_small_transition() -> None:
    edges = _edges((3, 3, 2.0), (3, 1, 1.0), (2, 1, 1.0))
    sources = np.array([False, True, True, True])
    targets = np.array([False, False, True, True])
    found = measure(edges, sources, targets, 4)
    assert (found.source, found.target) == (4, 5)
    assert found.connectivity == pytest.approx(3 / 5)  # 2 may draw on 1, 2; 3 on 1, 2, 3
    assert found.verticality == pytest.approx(2 / 4)
    assert found.look_back == pytest.approx((0 * 2 + 2 * 1 + 1 * 1) / 4)
    assert found.gini == pytest.approx(1 / 6)
    assert found.hubs == (1,)


def test_a_window_leaves_fewer_possible_edges() -> None:
    """Of 0, 1 and 2 the last token, which looks back over two, sees only 2."""
    edges = evolve(_edges((3, 2, 1.0), (3, 3, 1.0)), visible=np.array([1, 2, 2, 2]))
    everywhere, top = np.ones(4, dtype=bool), np.array([False, False, False, True])
    assert measure(edges, everywhere, top, 0).connectivity == 1
    assert measure(edges, everywhere, everywhere, 0).connectivity == pytest.approx(2 / 7)
    assert measure(edges, top, top, 0).connectivity == 2  # one possible, and two that were given


def test_a_transition_without_edges() -> None:
    none = np.zeros(10, dtype=bool)
    found = measure(_edges(), none, none, 0)
    assert (found.connectivity, found.gini, found.verticality, found.look_back) == (0, 0, 0, 0)
    assert found.hubs == ()


def test_hubs_serve_most_of_the_targets_that_look_back() -> None:
    edges = _edges(
        *((t, 0, 1.0) for t in (3, 4, 5)),  # serves three of four
        *((t, 1, 5.0) for t in (4, 5, 6)),  # the same, with more
        *((t, 2, 9.0) for t in (3, 6)),  # half of them is not most
        (7, 7, 1.0),  # does not look back
    )
    assert hubs(edges) == (1, 0)


def test_one_reader_makes_no_hub() -> None:
    assert hubs(_edges((3, 0, 1.0), (3, 1, 1.0), (2, 2, 4.0))) == ()


def test_there_are_five_hubs_at_most() -> None:
    edges = _edges(*((t, s, float(s + 1)) for t in (8, 9) for s in range(8)))
    assert hubs(edges) == (7, 6, 5, 4, 3)

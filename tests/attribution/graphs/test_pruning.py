"""Pruning: what stays, against the slow and obvious way to decide it."""

import itertools

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from attribution.errors import InvalidRequest
from attribution.graphs.pruning import PruningPolicy, influence, prune, smallest_set
from attribution.graphs.raw import Array, RawGraph
from tests.attribution.graphs.random_graphs import plain, random_raw

EVERYTHING = PruningPolicy(node_threshold=0.0, mass=None, reach=False)


@pytest.mark.parametrize("seed", range(5))
def test_random_graphs_balance(seed: int) -> None:
    raw = random_raw(seed)
    for t, edges in enumerate(raw.transitions):
        handed = np.bincount(edges.targets, edges.weights, raw.relevance.shape[1])
        balance = handed + edges.leak + edges.bias + edges.rest
        np.testing.assert_allclose(balance, raw.relevance[t + 1], atol=1e-12)


def test_a_policy_that_asks_for_nothing_keeps_everything() -> None:
    raw = random_raw(0)
    nodes, edges, pruning = prune(raw, EVERYTHING)
    assert nodes.all()
    assert all(mask.all() for mask in edges)
    assert pruning.nodes == pruning.all_nodes == raw.relevance.size
    kept = sum(np.abs(t.weights).sum() for t in raw.transitions)
    dropped = sum(t.dropped_mass for t in raw.transitions)
    assert pruning.kept_mass == pytest.approx(kept / (kept + dropped))
    assert pruning.all_edges == pruning.edges + 3 * len(raw.transitions)


@pytest.mark.parametrize(("relative", "unit"), [(True, None), (False, 1.0)])
def test_weak_nodes_go(relative: bool, unit: float | None) -> None:
    raw = random_raw(1)
    policy = evolve(EVERYTHING, node_threshold=0.2, relative=relative)
    nodes, edges, _ = prune(raw, policy)
    limit = 0.2 * (unit or abs(raw.logit_diff))
    np.testing.assert_array_equal(nodes, np.abs(raw.relevance) >= limit)
    for t, (transition, mask) in enumerate(zip(raw.transitions, edges, strict=True)):
        both = nodes[t][transition.sources] & nodes[t + 1][transition.targets]
        np.testing.assert_array_equal(mask, both)


def test_the_explained_node_stays_whatever_the_threshold() -> None:
    nodes, edges, pruning = prune(random_raw(2), PruningPolicy(node_threshold=1e9))
    assert nodes[-1, -1]
    assert nodes.sum() == pruning.nodes == 1
    assert not any(mask.any() for mask in edges)
    assert pruning.kept_mass == 0.0


def test_a_global_edge_threshold_takes_the_place_of_the_mass() -> None:
    raw = random_raw(3)
    _, edges, _ = prune(raw, evolve(EVERYTHING, mass=0.5, edge_threshold=0.1))
    for transition, mask in zip(raw.transitions, edges, strict=True):
        strong = np.abs(transition.weights) >= 0.1 * abs(raw.logit_diff)
        np.testing.assert_array_equal(mask, strong)


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=8),
    st.sampled_from([0.1, 0.5, 0.85, 0.99, 1.0]),
)
def test_the_smallest_set_is_the_smallest(values: list[int], share: float) -> None:
    """Small integers: they tie often, and their sums are exact."""
    sizes = np.array(values, dtype=np.float64)
    mask = smallest_set(sizes, share)
    enough = [
        len(chosen)
        for k in range(len(values) + 1)
        for chosen in itertools.combinations(values, k)
        if sum(chosen) >= share * sizes.sum()
    ]
    taken = sizes[mask]
    assert taken.sum() >= share * sizes.sum()
    assert not (taken == 0).any()
    if mask.any():
        weakest = taken.min()
        assert mask[sizes == weakest].all()  # ties are kept together …
        assert (taken > weakest).sum() < min(enough)  # … and without them it is not enough
        assert len(taken) >= min(enough)


def test_a_share_of_one_takes_the_tiniest() -> None:
    sizes = np.array([1.0, 1e-30, 0.0])
    np.testing.assert_array_equal(smallest_set(sizes, 1.0), [True, True, False])


def test_the_mass_is_that_of_edges_between_kept_nodes() -> None:
    """The strong edge from the weak node counts neither as kept nor in what must be kept."""
    relevance = np.array([[0.001, 0.6, 0.4], [0.0, 0.0, 1.0]])
    edges = plain([2, 2, 2], [0, 1, 2], [50.0, 0.6, 0.4], 3)
    raw = RawGraph(("embedding", "0.mlp"), relevance, 1.0, (edges,))
    _, (mask,), pruning = prune(raw, PruningPolicy(node_threshold=0.01, mass=0.5))
    np.testing.assert_array_equal(mask, [False, True, False])
    assert pruning.kept_mass == pytest.approx(0.6 / 51)
    assert pruning.kept_mass_per_transition == (pruning.kept_mass,)


def _slow_influence(raw: RawGraph) -> Array:
    """Walks every path from the explained node down; no sums are shared."""
    stages, n = raw.relevance.shape
    flow = np.zeros((stages, n))

    def walk(stage: int, token: int, amount: float) -> None:
        flow[stage, token] += amount
        if not stage or not amount:
            return
        edges = raw.transitions[stage - 1]
        mine = np.flatnonzero(edges.targets == token)
        whole = np.abs(edges.weights[mine]).sum()
        whole += abs(edges.leak[token]) + abs(edges.bias[token]) + abs(edges.rest[token])
        for edge in mine:
            handed = amount * abs(edges.weights[edge]) / whole
            walk(stage - 1, int(edges.sources[edge]), handed)

    walk(stages - 1, n - 1, 1.0)
    return flow


@pytest.mark.parametrize("seed", range(4))
def test_influence_is_what_all_paths_carry(seed: int) -> None:
    raw = random_raw(seed)
    flow = influence(raw)
    np.testing.assert_allclose(flow, _slow_influence(raw), atol=1e-14)
    sums = flow.sum(1)
    assert sums[-1] == 1
    assert (np.diff(sums) >= 0).all()  # what is absorbed on the way down does not come back


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_nodes_carry_the_wanted_influence(share: float) -> None:
    raw = random_raw(4)
    flow = influence(raw)
    nodes, _, _ = prune(raw, evolve(EVERYTHING, influence=share))
    for kept, row in zip(nodes, flow, strict=True):
        carried = row[kept].sum()
        assert carried >= share * row.sum() - 1e-12
        assert carried - row[kept].min() < share * row.sum()


@pytest.mark.parametrize("seed", range(4))
def test_only_what_reaches_the_explained_node_stays(seed: int) -> None:
    raw = random_raw(seed, density=0.4)
    policy = PruningPolicy(node_threshold=0.05, mass=0.6)
    loose_nodes, loose_edges, _ = prune(raw, evolve(policy, reach=False))
    nodes, edges, _ = prune(raw, policy)
    reached = {(raw.relevance.shape[0] - 1, raw.relevance.shape[1] - 1)}
    for t in reversed(range(len(raw.transitions))):
        transition = raw.transitions[t]
        for edge in np.flatnonzero(loose_edges[t]):
            if hangs_on := (t + 1, int(transition.targets[edge])) in reached:
                reached.add((t, int(transition.sources[edge])))
            assert bool(edges[t][edge]) is hangs_on
    assert {tuple(place) for place in np.argwhere(nodes).tolist()} == reached
    assert (loose_nodes | ~nodes).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"node_threshold": -1.0},
        {"node_threshold": float("nan")},
        {"edge_threshold": -0.1},
        {"mass": 0.0},
        {"mass": 1.5},
        {"influence": 85.0},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest):
        PruningPolicy(**wrong)  # type: ignore[arg-type]


def test_a_policy_describes_itself() -> None:
    assert str(PruningPolicy()) == (
        "nodes above 1 % of |Δℓ|, 85 % of the mass between them, "
        "only what reaches the explained node"
    )
    assert str(EVERYTHING) == "all nodes, all edges between them"
    other = PruningPolicy(0.25, relative=False, edge_threshold=0.02, influence=0.9, reach=False)
    assert str(other) == (
        "nodes above 0.25, nodes with 90 % of each stage's influence, edges above 2 % of |Δℓ|"
    )


def test_the_kept_share_of_relevance_is_told() -> None:
    raw = random_raw(2)
    assert prune(raw, EVERYTHING)[2].kept_relevance == 1
    policy = evolve(EVERYTHING, node_threshold=0.2)
    nodes, _, pruning = prune(raw, policy)
    sizes = np.abs(raw.relevance)
    assert 0 < pruning.kept_relevance < 1
    assert pruning.kept_relevance == pytest.approx(sizes[nodes].sum() / sizes.sum())


def test_a_cap_on_the_candidates_is_named_where_it_cost_something() -> None:
    raw = random_raw(2)
    most = max(len(transition.weights) for transition in raw.transitions)
    said = ", at most the {} strongest edges of a transition"
    assert prune(evolve(raw, max_candidates=most), PruningPolicy())[2].policy.endswith(
        said.format(most)
    )
    for other in (None, most + 1):
        assert "at most" not in prune(evolve(raw, max_candidates=other), PruningPolicy())[2].policy
    whole = evolve(raw, transitions=tuple(evolve(t, dropped_mass=0.0) for t in raw.transitions))
    assert "at most" not in prune(evolve(whole, max_candidates=most), PruningPolicy())[2].policy

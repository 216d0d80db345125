"""Edges in closed form against an autograd pass per target, on tiny models of every family."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.errors import InvalidRequest, UnsupportedModel
from attribution.graphs.build import assemble
from attribution.graphs.pruning import PruningPolicy
from attribution.graphs.raw import RawGraph, RawTransition
from attribution.lrp.closed_form import closed_form
from attribution.lrp.graph import GraphSettings, build_raw_graph
from attribution.lrp.objective import Objective
from attribution.lrp.packed import LayerRange, packed_edges
from attribution.lrp.relevance import attribute, backward, prepare
from attribution.lrp.rules.backward_trace import BackwardTrace, Observers
from attribution.lrp.settings import Method, PassSettings
from tests.attribution.graphs.random_graphs import pair_at
from tests.attribution.lrp.tiny import FAMILIES, WINDOWED, Shape, tokens
from tests.attribution.lrp.tiny import build as build_model

RULED = (Method.ATTNLRP, Method.CPLRP)
PAIR = Objective(3, 5)
families = pytest.mark.parametrize("family", FAMILIES)

shapes = st.builds(
    Shape,
    family=st.sampled_from(FAMILIES),
    layers=st.integers(1, 3),
    kv_heads=st.sampled_from([1, 2, 4]),
    biased=st.booleans(),
    window=st.sampled_from([None, 2, 5]),
    seed=st.integers(0, 10_000),
)
lengths = st.integers(2, 14)


def dense(transition: RawTransition, n: int) -> np.ndarray:
    edges = np.zeros((n, n))
    edges[transition.targets, transition.sources] = transition.weights
    return edges


def by_autograd(
    shape: Shape, ids: torch.Tensor, method: Method, dtype: torch.dtype = torch.float64
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """(closed form, packed backward) of every layer, each (n, n)."""
    model, rules = prepare(build_model(shape, dtype=dtype), ids, PAIR)
    states: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
    forms = {}
    trace = BackwardTrace(
        PassSettings(method),
        Observers(
            on_stage=lambda stage, h, g: states.update({stage: (h[0], g[0])}),
            on_layer=lambda layer_pass, trace: forms.update(
                {layer_pass.layer: closed_form(layer_pass, trace)}
            ),
        ),
    )
    backward(model, rules, ids, PAIR, trace)
    every = torch.arange(len(ids))
    both = []
    for layer, form in forms.items():
        one = LayerRange([trace.calls[layer]], states[2 * layer][0], states[2 * layer + 2][1])
        packed, _ = packed_edges(model, rules, one, every, PassSettings(method), batch=5)
        both.append((form.edges(every), packed))
    return both


@settings(max_examples=40, deadline=None)
@given(shapes, lengths, st.sampled_from(RULED))
def test_the_closed_form_equals_a_backward_pass_per_target(
    shape: Shape, n: int, method: Method
) -> None:
    for closed, packed in by_autograd(shape, tokens(n, shape.seed), method):
        assert float((closed - packed).abs().max()) <= 1e-12 * float(packed.abs().max() + 1e-300)


@families
def test_it_does_so_for_every_family(family: str) -> None:
    for method in RULED:
        for closed, packed in by_autograd(Shape(family, window=4), tokens(13), method):
            assert float((closed - packed).abs().max()) <= 1e-12 * float(packed.abs().max())


@families
@pytest.mark.parametrize("method", RULED)
def test_in_float32_it_does_so_to_1e5(family: str, method: Method) -> None:
    for closed, packed in by_autograd(Shape(family), tokens(12), method, torch.float32):
        assert float((closed - packed).abs().max()) <= 1e-5 * float(packed.abs().max())


@settings(max_examples=40, deadline=None)
@given(shapes, lengths, st.sampled_from(RULED), st.booleans())
def test_edges_leaks_and_biases_account_for_everything(
    shape: Shape, n: int, method: Method, midpoints: bool
) -> None:
    model, ids = build_model(shape), tokens(n, shape.seed)
    graph = build_raw_graph(
        model, ids, PAIR, GraphSettings(midpoints=midpoints), PassSettings(method)
    )
    whole = attribute(model, ids, PAIR, PassSettings(method))
    scale = float(whole.nodes.abs().sum(1).max()) + abs(whole.logit_diff)
    biases = 0.0
    for t, transition in enumerate(graph.transitions):
        edges = dense(transition, n)
        into = edges.sum(1) + transition.leak + transition.bias + transition.rest
        assert np.abs(into - graph.relevance[t + 1]).max() <= 1e-12 * scale
        assert np.abs(edges.sum(0) - graph.relevance[t]).max() <= 1e-11 * scale  # column sums
        assert np.abs(transition.rest).max() <= 1e-12 * scale
        assert not np.triu(edges, 1).any()  # nothing acausal
        biases += transition.bias.sum()
    leak = sum(t.leak.sum() for t in graph.transitions)
    assert leak == pytest.approx(whole.leak, rel=1e-9, abs=1e-11 * scale)
    top = graph.relevance[-1].sum()  # what the final norm and the head leave
    bottom = graph.relevance[0].sum()
    assert top == pytest.approx(bottom + leak + biases, rel=1e-9, abs=1e-11 * scale)
    assert biases + (graph.logit_diff - top) == pytest.approx(whole.bias, abs=1e-10 * scale)
    assert top + graph.head_bias == pytest.approx(graph.logit_diff, abs=1e-11 * scale)


@families
def test_heads_and_ways_sum_to_the_edge(family: str) -> None:
    model = build_model(Shape(family, window=3))
    graph = build_raw_graph(model, tokens(10), PAIR, GraphSettings())
    for transition in graph.transitions:
        split = np.zeros(len(transition.weights))
        np.add.at(split, transition.head_edges, transition.head_values.sum(1))
        total = split + transition.direct
        scale = np.abs(transition.weights).max()
        assert np.abs(total - transition.weights).max() <= 1e-12 * scale
        query = transition.head_values[:, 2]
        own = (transition.targets == transition.sources)[transition.head_edges]
        assert not query[~own].any()


@pytest.mark.parametrize("family", WINDOWED)
def test_no_edge_leaves_the_sliding_window(family: str) -> None:
    window = 3
    model = build_model(Shape(family, window=window))
    n = 12
    graph = build_raw_graph(model, tokens(n), PAIR, GraphSettings())
    distance = np.arange(n)[:, None] - np.arange(n)
    windows = [getattr(layer.self_attn, "sliding_window", None) for layer in model.model.layers]
    if family in ("mistral", "phi3"):  # they keep it in the config
        windows = [window] * len(windows)
    assert window in windows
    for transition, reach in zip(graph.transitions, windows, strict=True):
        edges = dense(transition, n)
        if reach:
            assert not edges[distance >= reach].any()
        assert not edges[distance < 0].any()


@pytest.mark.parametrize("layers", [None, (1,)])  # every layer, and two at once
@pytest.mark.parametrize("family", WINDOWED)
def test_an_edge_that_no_window_shows_is_not_counted_as_pruned(
    family: str, layers: tuple[int, ...] | None
) -> None:
    model, n = build_model(Shape(family, layers=4, window=3)), 20
    raw = build_raw_graph(
        model, tokens(n), PAIR, GraphSettings(layers=layers, midpoints=layers is None)
    )
    everything = PruningPolicy(node_threshold=0.0, mass=None, reach=False)
    graph = assemble(raw, everything, pair_at(n), "attnlrp", "contrast")
    reached = sum(np.count_nonzero(transition.weights) for transition in raw.transitions)
    assert graph.pruning.edges == graph.pruning.all_edges == reached
    for row, transition in zip(graph.measures, raw.transitions, strict=True):
        live = transition.visible[np.unique(transition.targets)].sum()
        assert len(transition.weights) == live
        if len(np.unique(transition.targets)) == n:
            assert row.connectivity == 1


@families
@pytest.mark.parametrize("method", RULED)
def test_transitions_that_skip_layers_account_for_everything(family: str, method: Method) -> None:
    model, ids = build_model(Shape(family, layers=4, window=5)), tokens(9)
    graph = build_raw_graph(model, ids, PAIR, GraphSettings(layers=(0, 2)), PassSettings(method))
    whole = attribute(model, ids, PAIR, PassSettings(method))
    assert graph.stages == ("embedding", "0.mlp", "2.mlp", "3.mlp")
    scale = float(whole.nodes.abs().max())
    for t, transition in enumerate(graph.transitions):
        edges = dense(transition, len(ids))
        assert np.abs(edges.sum(0) - graph.relevance[t]).max() <= 1e-11 * scale
        into = edges.sum(1) + transition.leak + transition.bias + transition.rest
        assert np.abs(into - graph.relevance[t + 1]).max() <= 1e-12 * scale
        distance = np.arange(9)[:, None] - np.arange(9)
        assert not edges[distance < 0].any()  # nothing acausal, nor from outside the windows
        assert not edges[distance >= transition.visible[:, None]].any()
    assert sum(t.leak.sum() for t in graph.transitions) == pytest.approx(whole.leak, rel=1e-9)


def test_retained_targets_have_the_rows_of_the_whole_graph() -> None:
    model, ids = build_model(Shape("qwen2", layers=3)), tokens(14)
    whole = build_raw_graph(model, ids, PAIR, GraphSettings())
    part = build_raw_graph(model, ids, PAIR, GraphSettings(node_threshold=0.5))
    floor = 0.5 * abs(whole.logit_diff)
    dropped = 0
    for t, (full, some) in enumerate(zip(whole.transitions, part.transitions, strict=True)):
        kept = np.abs(whole.relevance[t + 1]) >= floor
        sources = np.abs(whole.relevance[t]) >= floor
        wanted = dense(full, 14) * np.outer(kept, sources)
        assert np.allclose(dense(some, 14), wanted, rtol=1e-12, atol=0)
        into = dense(some, 14).sum(1) + some.leak + some.bias + some.rest
        assert np.allclose(into, whole.relevance[t + 1], rtol=1e-10, atol=1e-13)
        dropped += some.dropped_edges
    assert dropped > 0


def test_candidates_are_the_strongest_and_what_is_dropped_is_told() -> None:
    model, ids = build_model(Shape("llama", layers=2)), tokens(16)
    whole = build_raw_graph(model, ids, PAIR, GraphSettings())
    some = build_raw_graph(model, ids, PAIR, GraphSettings(mass=0.7))
    few = build_raw_graph(model, ids, PAIR, GraphSettings(candidates=5, with_heads=2))
    for full, part, five in zip(whole.transitions, some.transitions, few.transitions, strict=True):
        mass = np.abs(full.weights).sum()
        assert np.abs(part.weights).sum() >= 0.7 * mass
        weakest = np.abs(part.weights).min()
        assert np.abs(part.weights).sum() - weakest < 0.7 * mass
        assert part.dropped_mass == pytest.approx(mass - np.abs(part.weights).sum())
        assert len(five.weights) == 5
        assert np.abs(five.weights).min() >= np.sort(np.abs(full.weights))[-5] * (1 - 1e-12)
        assert len(set(five.head_edges)) == 2


def assert_same(one: RawGraph, other: RawGraph, rtol: float = 1e-12) -> None:
    n = one.relevance.shape[1]
    assert np.allclose(one.relevance, other.relevance, rtol=rtol)
    for a, b in zip(one.transitions, other.transitions, strict=True):
        assert np.allclose(dense(a, n), dense(b, n), rtol=rtol, atol=1e-14)
        assert np.allclose(a.leak, b.leak, rtol=rtol, atol=1e-14)


@families
@pytest.mark.parametrize("method", RULED)
def test_running_layers_anew_gives_the_same_graph(family: str, method: Method) -> None:
    model, ids = build_model(Shape(family, window=4)), tokens(11)
    kept, anew = (
        build_raw_graph(
            model,
            ids,
            PAIR,
            GraphSettings(midpoints=True),
            PassSettings(method, recompute=recompute),
        )
        for recompute in (False, True)
    )
    assert_same(kept, anew)


def test_tiles_do_not_change_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    model, ids = build_model(Shape("qwen3", window=4)), tokens(15)
    whole = build_raw_graph(model, ids, PAIR, GraphSettings())
    monkeypatch.setattr("attribution.lrp.closed_form.TILE", 4 * 15 * 2)  # two rows at a time
    assert_same(whole, build_raw_graph(model, ids, PAIR, GraphSettings()))


@pytest.mark.parametrize("method", [Method.GRADIENT, Method.INTEGRATED])
def test_methods_without_rules_have_no_edges(method: Method) -> None:
    with pytest.raises(InvalidRequest, match="attnlrp or cplrp"):
        build_raw_graph(build_model(), tokens(5), PAIR, GraphSettings(), PassSettings(method))


def test_a_layer_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no layer 2; the model has layers 0 to 1"):
        build_raw_graph(build_model(), tokens(5), PAIR, GraphSettings(layers=(0, 2)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_lower_precision_stays_finite_and_near(dtype: torch.dtype) -> None:
    shape, ids = Shape("qwen2"), tokens(12)
    exact = build_raw_graph(build_model(shape), ids, PAIR, GraphSettings())
    found = build_raw_graph(build_model(shape, dtype=dtype), ids, PAIR, GraphSettings())
    tolerance = 1e-3 if dtype is torch.float32 else 0.3
    for a, b in zip(exact.transitions, found.transitions, strict=True):
        scale = np.abs(a.weights).max()
        assert np.abs(dense(a, 12) - dense(b, 12)).max() <= tolerance * scale


@families
def test_models_placed_by_accelerate_give_the_same_graph(family: str) -> None:
    """device_map puts a hook on every module; here all of them stay on the CPU."""
    accelerate = pytest.importorskip("accelerate")
    model, ids = build_model(Shape(family, layers=3, window=4)), tokens(9)
    wanted = GraphSettings(layers=(1,), midpoints=True)
    alone = build_raw_graph(model, ids, PAIR, wanted)
    devices = {
        name: "cpu"
        for name, module in model.named_modules()
        if name and ([*module.parameters(recurse=False)] or not [*module.children()])
    }
    placed = accelerate.dispatch_model(model, devices, main_device="cpu", force_hooks=True)
    assert any(hasattr(module, "_hf_hook") for module in placed.modules())
    assert_same(alone, build_raw_graph(placed, ids, PAIR, wanted))
    assert_same(alone, build_raw_graph(placed, ids, PAIR, wanted, PassSettings(recompute=True)))


@families
def test_copies_run_anew_give_the_same_edges_that_skip_layers(family: str) -> None:
    model, ids = build_model(Shape(family, layers=4, window=5)), tokens(9)
    wanted = GraphSettings(layers=(1,))
    assert_same(
        build_raw_graph(model, ids, PAIR, wanted),
        build_raw_graph(model, ids, PAIR, wanted, PassSettings(recompute=True)),
    )


def test_numbers_that_overflow_are_an_error() -> None:
    model, ids = build_model(Shape("llama"), dtype=torch.float16), tokens(6)
    with torch.no_grad():
        model.model.layers[0].mlp.down_proj.weight.fill_(6e4)
    with pytest.raises(UnsupportedModel, match="overflow in float16"):
        build_raw_graph(model, ids, PAIR, GraphSettings())
    with pytest.raises(UnsupportedModel, match="overflow in float16"):
        attribute(model, ids, PAIR)


def test_without_biases_nothing_is_booked_as_one() -> None:
    model = build_model(Shape("llama", biased=False), dtype=torch.bfloat16)
    graph = build_raw_graph(model, tokens(8), PAIR, GraphSettings(midpoints=True))
    assert not any(transition.bias.any() for transition in graph.transitions)
    assert graph.head_bias == 0


@pytest.mark.parametrize("layers", [None, (1,)])
def test_a_threshold_above_every_node_leaves_no_edges(layers: tuple[int, ...] | None) -> None:
    model = build_model(Shape("qwen2", layers=4))
    graph = build_raw_graph(
        model, tokens(8), PAIR, GraphSettings(layers=layers, node_threshold=1e9)
    )
    assert not any(len(transition.weights) for transition in graph.transitions)
    for t, transition in enumerate(graph.transitions):
        into = transition.leak + transition.bias + transition.rest
        assert np.allclose(into, graph.relevance[t + 1])

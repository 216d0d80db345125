import random
from functools import cache
from typing import Any

import pytest
import torch

from attribution.errors import Cancelled, InvalidRequest, UnsupportedModel
from attribution.faithfulness import forward
from attribution.faithfulness.ablation import Edge, PathCurve, ablate, path_curve
from attribution.faithfulness.occlusion import Occlusion
from tests.attribution.faithfulness.reference import MASK, NEUTRAL, contrast
from tests.attribution.lrp.tiny import FAMILIES, WINDOWED, Shape, build, tokens

N, LAYERS, HEADS = 9, 2, 4


def model(family: str = "llama") -> Any:
    return _model(family)


@cache
def _model(family: str) -> Any:
    return build(Shape(family, window=4 if family in WINDOWED else None))


def cut(edges: list[Edge], family: str = "llama", n: int = N) -> float:
    return ablate(model(family), tokens(n), contrast, edges)


def from_key(source: int, head: int | None = None) -> list[Edge]:
    """Every edge from one position to all later ones."""
    later = range(source + 1, N)
    return [Edge(layer, target, source, head) for layer in range(LAYERS) for target in later]


@pytest.mark.parametrize("family", FAMILIES)
def test_cutting_every_edge_of_a_key_is_masking_it(family: str) -> None:
    occlusion = Occlusion(model(family), tokens(N), contrast, NEUTRAL)
    expected = occlusion.without([{k} for k in range(N - 1)], MASK).tolist()
    assert [cut(from_key(k), family) for k in range(N - 1)] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_all_heads_one_by_one_are_the_edge(family: str) -> None:
    singly = [edge for head in range(HEADS) for edge in from_key(3, head)]
    assert cut(singly, family) == pytest.approx(cut(from_key(3), family), rel=1e-12)
    assert cut(singly[: len(singly) // 2], family) != pytest.approx(cut(singly, family), rel=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_cut_leaves_every_bit(family: str) -> None:
    with torch.no_grad():
        logits = model(family)(tokens(N)[None], use_cache=False, logits_to_keep=1).logits[:, -1]
    assert cut([], family) == float(contrast(logits)[0])


@pytest.mark.parametrize("head", [None, 2])
def test_one_edge_against_attention_by_hand(head: int | None) -> None:
    """The last query of the last layer, so that nothing else of the model depends on the edge."""
    found: dict[str, torch.Tensor] = {}
    attention = model().model.layers[1].self_attn

    def keep(_module: Any, arguments: tuple[Any, ...]) -> None:
        found["heads"] = arguments[0]

    handle = attention.o_proj.register_forward_pre_hook(keep)
    try:
        cut([])
        whole = found["heads"][0, -1].view(HEADS, -1)
        eager = build(Shape())
        eager.set_attn_implementation("eager")
        with torch.no_grad():
            weights = eager(tokens(N)[None], output_attentions=True).attentions[1][0, :, -1]
        cut([Edge(1, N - 1, 4, head)])
        changed = found["heads"][0, -1].view(HEADS, -1)
    finally:
        handle.remove()
    with torch.no_grad():
        values = _values(whole.shape[-1])
    kept = weights.clone()
    kept[slice(None) if head is None else head, 4] = 0
    kept = kept / kept.sum(-1, keepdim=True)
    # Eager attention takes its softmax in float32.
    assert torch.allclose(whole, torch.einsum("hk,hkd->hd", weights, values), rtol=1e-4, atol=1e-6)
    assert torch.allclose(changed, torch.einsum("hk,hkd->hd", kept, values), rtol=1e-4, atol=1e-6)


def _values(dimension: int) -> torch.Tensor:
    """(heads, n, dimension) of the last layer of the Llama."""
    layer = model().model.layers[1]
    hidden = model()(tokens(N)[None], output_hidden_states=True).hidden_states[1]
    values = layer.self_attn.v_proj(layer.input_layernorm(hidden))[0]
    return values.view(N, -1, dimension).transpose(0, 1).repeat_interleave(2, dim=0)


def test_an_edge_outside_of_the_window_was_never_there() -> None:
    """The window of 4 is in layer 1 only."""
    last = N - 1
    assert cut([Edge(1, last, 2)], "qwen3") == pytest.approx(cut([], "qwen3"), rel=1e-12)
    assert cut([Edge(1, last, last - 2)], "qwen3") != pytest.approx(cut([], "qwen3"), rel=1e-6)
    assert cut([Edge(0, last, 2)], "qwen3") != pytest.approx(cut([], "qwen3"), rel=1e-6)


def test_a_query_that_sees_nothing() -> None:
    assert abs(cut([Edge(0, 0, 0), Edge(1, N - 1, N - 1)])) < float("inf")
    everything = [Edge(1, N - 1, source) for source in range(N)]
    found: list[torch.Tensor] = []
    attention = model().model.layers[1].self_attn
    handle = attention.register_forward_hook(lambda _m, _i, output: found.append(output[0]))
    try:
        cut(everything)
    finally:
        handle.remove()
    bias = attention.o_proj.bias.detach()
    assert torch.allclose(found[0][0, -1], bias, rtol=1e-12)


def _hooks() -> int:
    """transformers has some of its own."""
    return sum(len(m._forward_pre_hooks) + len(m._forward_hooks) for m in model().modules())


def test_the_model_is_as_it_was() -> None:
    before, hooks = cut([]), _hooks()

    def fail(_logits: torch.Tensor) -> torch.Tensor:
        raise Cancelled

    assert cut(from_key(2)) != before
    with pytest.raises(Cancelled):
        ablate(model(), tokens(N), fail, from_key(2))
    assert _hooks() == hooks
    assert cut([]) == before


def test_an_attention_without_a_mask_is_refused_and_left_alone() -> None:
    hooks = _hooks()

    def drop(_module: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        return arguments, {k: v for k, v in keywords.items() if k != "attention_mask"}

    attention = model().model.layers[0].self_attn
    handle = attention.register_forward_pre_hook(drop, with_kwargs=True)
    try:
        with pytest.raises(UnsupportedModel):
            cut(from_key(2))
    finally:
        handle.remove()
    assert _hooks() == hooks


@pytest.mark.parametrize(
    "edge",
    [Edge(2, 3, 1), Edge(-1, 3, 1), Edge(0, 1, 3), Edge(0, N, 1), Edge(0, 1, -1), Edge(0, 2, 1, 4)],
)
def test_edges_that_do_not_exist(edge: Edge) -> None:
    with pytest.raises(InvalidRequest):
        cut([edge])


POOL = [Edge(layer, t, s) for layer in range(LAYERS) for t in range(N) for s in range(t + 1)]


def by_chance(length: int, rows: int) -> list[list[list[Edge]]]:
    """Rows of random paths, each of one edge."""
    generator = random.Random(3)
    return [[[edge] for edge in generator.sample(POOL, length)] for _ in range(rows)]


def curve() -> PathCurve:
    effect = {edge: abs(cut([edge]) - cut([])) for edge in POOL}
    paths = [[edge] for edge in sorted(POOL, key=lambda edge: -effect[edge])[:20]]
    return path_curve(model(), tokens(N), contrast, paths, by_chance(20, 20))


def test_strong_paths_move_the_score_more_than_random_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    found = curve()
    assert found.steps == found.cuts == (1, 2, 4, 8, 16)  # there are 20
    assert found.base == pytest.approx(cut([]), rel=1e-12)
    assert len(found.random) == 20
    assert all(len(row) == 5 for row in (found.strongest, *found.random))
    assert found.p_value == pytest.approx(1 / 21)
    monkeypatch.setattr(forward, "_FED_ELSEWHERE", 4 * N)
    again = curve()
    assert again.strongest == pytest.approx(found.strongest, rel=1e-9)
    assert sum(again.random, ()) == pytest.approx(sum(found.random, ()), rel=1e-9)


def test_each_step_cuts_whole_paths_and_as_many_edges_of_others() -> None:
    """The second path shares an edge with the first; of the others, edges are counted."""
    first, second, third = Edge(1, 8, 2), Edge(0, 2, 1), Edge(0, 2, 0)
    a, b, c, d = from_key(4)[:4]
    paths, other = [[first, second], [first, third]], [[a, b, c], [d]]
    found = path_curve(model(), tokens(N), contrast, paths, [other], steps=(1, 2, 4))
    assert (found.steps, found.cuts) == ((1, 2), (2, 3))
    expected = [cut([first, second]), cut([first, second, third])]
    assert found.strongest == pytest.approx(expected, rel=1e-9)
    assert found.random[0] == pytest.approx([cut([a, b]), cut([a, b, c])], rel=1e-9)


def test_a_path_that_does_nothing_is_no_better_than_chance() -> None:
    idle = [[Edge(1, 0, 0)], [Edge(1, 1, 0)]]  # the last layer's early queries reach nobody
    found = path_curve(model(), tokens(N), contrast, idle, by_chance(2, 20))
    assert found.strongest == pytest.approx([found.base] * 2, rel=1e-12)
    assert found.p_value > 0.9
    nothing: list[list[list[Edge]]] = [[], [[]]]
    for none in nothing:
        with pytest.raises(InvalidRequest):
            path_curve(model(), tokens(N), contrast, none, [])


def test_cutting_can_be_cancelled() -> None:
    def checkpoint() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        ablate(model(), tokens(N), contrast, [], checkpoint)

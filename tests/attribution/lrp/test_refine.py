"""Dimensions and neurons add up to what they are parts of."""

import pytest
import torch

from attribution.errors import InvalidRequest
from attribution.lrp.objective import Objective
from attribution.lrp.refine import refine
from attribution.lrp.relevance import attribute
from attribution.lrp.settings import Method, PassSettings
from attribution.lrp.sums import inner
from tests.attribution.lrp.tiny import FAMILIES, Shape, build, tokens
from tests.attribution.lrp.traced import states_of

PAIR = Objective(3, 5)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", [Method.ATTNLRP, Method.CPLRP])
def test_all_dimensions_make_the_node_and_all_neurons_the_mlp(family: str, method: Method) -> None:
    model, ids = build(Shape(family, biased=False)), tokens(8)
    nodes = attribute(model, ids, PAIR, PassSettings(method)).nodes
    wanted = [(stage, token) for stage in range(5) for token in (0, 3, 7)]
    found = refine(model, ids, PAIR, wanted, PassSettings(method), top=1000)
    assert set(found) == set(wanted)
    for (stage, token), parts in found.items():
        total = sum(relevance for _, relevance in parts.dimensions)
        assert total == pytest.approx(float(nodes[stage, token]), rel=1e-9, abs=1e-12)
        sizes = [abs(relevance) for _, relevance in parts.dimensions]
        assert sizes == sorted(sizes, reverse=True)
        neurons = sum(relevance for _, relevance in parts.neurons)
        assert neurons == pytest.approx(parts.mlp, rel=1e-9, abs=1e-12)
        experts = family == "qwen3_moe" and stage == 2  # its first layer
        assert bool(parts.neurons) == (stage in (2, 4) and not experts)


def test_silencing_neurons_and_dimensions_is_what_their_relevance_says() -> None:
    """CP-LRP of the last layer is linear in its neurons: taking one away takes its relevance."""
    model, ids = build(Shape("llama", layers=1, biased=False)), tokens(6)
    last = len(ids) - 1
    (parts,) = refine(model, ids, PAIR, [(2, last)], PassSettings(Method.CPLRP), top=40).values()
    seen: list[torch.Tensor] = []
    norm = model.model.norm
    scale = []
    with torch.no_grad():
        handle = model.model.layers[0].mlp.down_proj.register_forward_pre_hook(
            lambda _module, inputs: seen.append(inputs[0][0, last])
        )
        norm_handle = norm.register_forward_hook(
            lambda _module, inputs, output: scale.append(output[0, last] / inputs[0][0, last])
        )
        model(ids[None])
        handle.remove()
        norm_handle.remove()
        rows = model.lm_head.weight[3] - model.lm_head.weight[5]
        down = model.model.layers[0].mlp.down_proj.weight
        wanted = seen[0] * ((rows * scale[0]) @ down)
    for index, relevance in parts.neurons:
        assert relevance == pytest.approx(float(wanted[index]), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", [Method.ATTNLRP, Method.CPLRP])
def test_neurons_make_what_the_mlp_adds_to_the_stream(family: str, method: Method) -> None:
    """⟨h₂ − h₁, g₂⟩ with the states before and after the MLP; nothing else is between them."""
    model, ids = build(Shape(family, layers=3, biased=False)), tokens(8)
    states = states_of(model, ids, PAIR, method)
    wanted = [(stage, token) for stage in (2, 4, 6) for token in (0, 5, 7)]
    for (stage, token), parts in refine(model, ids, PAIR, wanted, PassSettings(method)).items():
        if family == "qwen3_moe" and stage != 4:  # experts: only the second layer has none
            assert parts.neurons == ()
            continue
        added = states[stage][0][token] - states[stage - 1][0][token]
        handed = float(added @ states[stage][1][token])
        scale = max(float(inner(*states[s]).abs().max()) for s in (stage - 1, stage))
        assert abs(parts.mlp - handed) <= 1e-12 * scale


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", [Method.ATTNLRP, Method.CPLRP])
def test_running_layers_anew_finds_the_same(family: str, method: Method) -> None:
    model, ids = build(Shape(family, window=4)), tokens(8)
    nodes = [(stage, token) for stage in range(5) for token in (2, 7)]
    kept, anew = (
        refine(model, ids, PAIR, nodes, PassSettings(method, recompute=recompute))
        for recompute in (False, True)
    )
    assert kept == anew


def test_refining_leaves_the_model_alone() -> None:
    model, ids = build(Shape("gemma3")), tokens(6)
    before = {name: len(module._forward_pre_hooks) for name, module in model.named_modules()}
    refine(model, ids, PAIR, [(1, 2), (4, 5)], PassSettings(recompute=True))
    assert {name: len(m._forward_pre_hooks) for name, m in model.named_modules()} == before


@pytest.mark.parametrize(
    ("node", "said"),
    [
        ((5, 0), "no stage 5; the model has stages 0 to 4"),
        ((-1, 0), "no stage -1"),
        ((2, 6), "no token 6; there are tokens 0 to 5"),
        ((2, -1), "no token -1"),
    ],
)
def test_a_node_that_is_not_there_is_named(node: tuple[int, int], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        refine(build(Shape("llama")), tokens(6), PAIR, [(0, 0), node])

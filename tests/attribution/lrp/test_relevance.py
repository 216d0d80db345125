"""Properties of an attribution in float64, on tiny random models of every family."""

import pytest
import torch
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.errors import InvalidRequest, ModelUnavailable, UnsupportedModel
from attribution.lrp.objective import Objective
from attribution.lrp.relevance import Relevance, attribute
from attribution.lrp.settings import Method, PassSettings
from tests.attribution.lrp.reference import expected
from tests.attribution.lrp.tiny import FAMILIES, VOCABULARY, Shape, build, logits, tokens

RULED = (Method.ATTNLRP, Method.CPLRP)

shapes = st.builds(
    Shape,
    family=st.sampled_from(FAMILIES),
    layers=st.integers(1, 3),
    kv_heads=st.sampled_from([1, 2, 4]),
    biased=st.booleans(),
    window=st.sampled_from([None, 2, 5]),
    tied=st.booleans(),
    seed=st.integers(0, 10_000),
)
lengths = st.integers(1, 20)
examples = settings(max_examples=30, deadline=None)


def pair_of(model: torch.nn.Module, ids: torch.Tensor) -> tuple[int, int]:
    best, second = logits(model, ids)[-1].topk(2).indices.tolist()
    return best, second


@examples
@given(shapes, lengths, st.sampled_from(list(Method)))
def test_it_explains_the_plain_models_logit_difference_completely(
    shape: Shape, n: int, method: Method
) -> None:
    model, ids = build(shape), tokens(n, shape.seed)
    target, contrast = pair_of(model, ids)
    plain = logits(model, ids)[-1]
    found = attribute(model, ids, Objective(target, contrast), PassSettings(method))
    scale = float(found.relevance.abs().sum()) + abs(found.logit_diff)
    assert found.logit_diff == pytest.approx(float(plain[target] - plain[contrast]), rel=1e-12)
    if method.ruled:
        assert abs(found.error) <= 1e-12 * scale
    assert found.sum == pytest.approx(float(found.relevance.sum()))
    assert found.relevance.shape == (n,)


def assert_equals_reference(model: torch.nn.Module, ids: torch.Tensor, method: Method) -> None:
    """Relevance of every stage, after the attention as after the MLP; leak; biases."""
    wanted = expected(model, ids, 3, 5, method)
    found = attribute(model, ids, Objective(3, 5), PassSettings(method))
    scale = float(wanted.nodes.abs().max())
    assert torch.allclose(found.nodes, wanted.nodes, rtol=1e-9, atol=1e-11 * scale)
    assert found.leak == pytest.approx(wanted.leak, rel=1e-9, abs=1e-11 * scale)
    assert found.bias == pytest.approx(wanted.bias, rel=1e-9, abs=1e-11 * scale)


@examples
@given(shapes, lengths, st.sampled_from(RULED))
def test_it_equals_an_independent_eager_implementation(
    shape: Shape, n: int, method: Method
) -> None:
    model, ids = build(shape), tokens(n, shape.seed)
    assert_equals_reference(model, ids, method)


@examples
@given(shapes, lengths)
def test_gradient_times_input_is_the_plain_gradient(shape: Shape, n: int) -> None:
    model, ids = build(shape), tokens(n, shape.seed)
    embedded = model.get_input_embeddings()(ids[None]).detach().requires_grad_()
    last = model(inputs_embeds=embedded, use_cache=False).logits[0, -1]
    (grad,) = torch.autograd.grad(last[3] - last[5], embedded)
    found = attribute(model, ids, Objective(3, 5), PassSettings(Method.GRADIENT))
    read = embedded[0].detach()
    if shape.family == "gpt2":  # a token is its embedding and its position's
        read = read + model.transformer.wpe(torch.arange(n)).detach()
    assert torch.allclose(found.relevance, (grad[0] * read).sum(-1), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", RULED)
def test_it_does_so_for_every_family(family: str, method: Method) -> None:
    model, ids = build(Shape(family, layers=3, window=4)), tokens(11)
    assert_equals_reference(model, ids, method)


@examples
@given(shapes, lengths)
def test_cplrp_conserves_without_biases_and_never_leaks(shape: Shape, n: int) -> None:
    model, ids = build(evolve(shape, biased=False)), tokens(n, shape.seed)
    found = attribute(model, ids, Objective(3, 5), PassSettings(Method.CPLRP))
    assert found.leak == 0
    assert found.bias == 0
    assert found.sum == pytest.approx(found.logit_diff, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", list(Method))
def test_a_token_against_itself_is_exactly_zero(family: str, method: Method) -> None:
    model = build(Shape(family, window=4))
    found = attribute(model, tokens(9), Objective(7, 7), PassSettings(method))
    assert torch.equal(found.nodes, torch.zeros_like(found.nodes))
    assert (found.logit_diff, found.sum, found.leak, found.bias) == (0, 0, 0, 0)
    assert (found.baseline, found.error) == (0, 0)


@pytest.mark.parametrize("method", RULED)
def test_target_and_contrast_swapped_change_every_sign(method: Method) -> None:
    model, ids = build(Shape("qwen3")), tokens(11)
    one, other = (
        attribute(model, ids, Objective(*pair), PassSettings(method)) for pair in ((3, 5), (5, 3))
    )
    assert torch.allclose(one.relevance, -other.relevance, rtol=1e-12, atol=0)
    assert (one.leak, one.bias) == pytest.approx((-other.leak, -other.bias), rel=1e-12)


@pytest.mark.parametrize("family", ["qwen2", "qwen3"])
def test_nothing_comes_from_outside_the_sliding_window(family: str) -> None:
    shape = Shape(family, layers=2, window=3)
    config = build(shape).config
    config.layer_types = ["sliding_attention"] * 2
    found = attribute(build(shape, config), tokens(20), Objective(3, 5))
    # Two layers look back over 2 positions each: the last token sees 4 others.
    assert torch.equal(found.relevance[:15] != 0, torch.zeros(15, dtype=torch.bool))
    assert (found.relevance[15:] != 0).all()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", list(Method))
def test_eager_and_sdpa_models_give_the_same_result(family: str, method: Method) -> None:
    model, ids = build(Shape(family, window=4)), tokens(12)
    results = []
    for name in ("eager", "sdpa"):
        model.set_attn_implementation(name)
        results.append(attribute(model, ids, Objective(3, 5), PassSettings(method)))
    assert torch.equal(results[0].relevance, results[1].relevance)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", RULED)
def test_float32_agrees_with_float64_and_bfloat16_stays_finite(family: str, method: Method) -> None:
    ids = tokens(16)
    exact, single, half = (
        attribute(build(Shape(family), dtype=dtype), ids, Objective(3, 5), PassSettings(method))
        for dtype in (torch.float64, torch.float32, torch.bfloat16)
    )
    scale = float(exact.relevance.abs().max())
    assert torch.allclose(single.relevance, exact.relevance, atol=1e-4 * scale)
    assert single.leak == pytest.approx(exact.leak, abs=1e-4 * scale)
    assert single.bias == pytest.approx(exact.bias, abs=1e-4 * scale)
    assert half.relevance.dtype is torch.float64
    assert torch.isfinite(half.relevance).all()
    assert torch.allclose(half.relevance, exact.relevance, atol=0.25 * scale)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_a_gate_of_exactly_zero_is_finite(dtype: torch.dtype) -> None:
    model = build(dtype=dtype)
    with torch.no_grad():
        for layer in model.model.layers:
            layer.mlp.gate_proj.weight.zero_()
            layer.mlp.gate_proj.bias.zero_()
    assert torch.isfinite(attribute(model, tokens(6), Objective(3, 5)).relevance).all()


def test_a_bias_of_the_head_is_counted() -> None:
    model, ids = build(), tokens(8)
    plain = attribute(model, ids, Objective(3, 5))
    model.lm_head.bias = torch.nn.Parameter(torch.arange(VOCABULARY, dtype=torch.float64))
    found = attribute(model, ids, Objective(3, 5))
    assert found.bias == pytest.approx(plain.bias - 2)
    assert found.logit_diff == pytest.approx(plain.logit_diff - 2)


def test_it_works_inside_no_grad_and_inference_mode() -> None:
    model, ids = build(Shape("qwen2")), tokens(8)
    wanted = attribute(model, ids, Objective(3, 5))
    for mode in (torch.no_grad(), torch.inference_mode()):
        with mode:
            assert torch.equal(attribute(model, ids, Objective(3, 5)).relevance, wanted.relevance)


def test_a_compiled_wrapper_is_looked_through() -> None:
    model, ids = build(Shape("qwen3")), tokens(8)
    compiled = torch.compile(model, backend="eager")
    assert (
        attribute(compiled, ids, Objective(3, 5)).sum == attribute(model, ids, Objective(3, 5)).sum
    )


@pytest.mark.parametrize(
    ("ids", "pair", "message"),
    [
        (torch.zeros(0, dtype=torch.int64), (3, 5), "one int64 row"),
        (torch.zeros(1, 4, dtype=torch.int64), (3, 5), "one int64 row"),
        (torch.zeros(4), (3, 5), "one int64 row"),
        (torch.tensor([1, VOCABULARY]), (3, 5), "input vocabulary"),
        (torch.tensor([1, 2]), (3, VOCABULARY), "output vocabulary"),
        (torch.tensor([1, 2]), (-1, 3), "output vocabulary"),
    ],
)
def test_bad_arguments_are_refused(ids: torch.Tensor, pair: tuple[int, int], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        attribute(build(), ids, Objective(*pair))


def test_a_model_in_training_mode_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"model\.eval"):
        attribute(build().train(), tokens(4), Objective(3, 5))


def test_an_unknown_class_is_refused_by_name() -> None:
    class Novel(torch.nn.Linear):
        pass

    model = build()
    model.model.layers[1].mlp.up_proj = Novel(24, 40)
    with pytest.raises(UnsupportedModel, match=r"Novel \(at model\.layers\.1\.mlp\.up_proj\)"):
        attribute(model, tokens(4), Objective(3, 5))


@pytest.mark.slow
def test_real_weights_are_explained_completely() -> None:
    from transformers import AutoModelForCausalLM

    store = pytest.importorskip("attribution.models.store")
    try:
        folder = store.ensure("smollm2-135m")
    except ModelUnavailable as error:
        pytest.skip(str(error))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
    ids = torch.arange(100, 164)
    plain = logits(model, ids)[-1]
    target, contrast = plain.topk(2).indices.tolist()
    for method in RULED:
        found: Relevance = attribute(model, ids, Objective(target, contrast), PassSettings(method))
        scale = float(found.relevance.abs().sum())
        assert found.logit_diff == pytest.approx(float(plain[target] - plain[contrast]), rel=1e-9)
        assert abs(found.logit_diff - found.sum - found.leak - found.bias) <= 1e-10 * scale


@pytest.mark.parametrize("family", FAMILIES)
def test_nodes_of_every_stage_are_the_true_states_times_their_gradients(family: str) -> None:
    """Gradient × input at each stage, against hooks of the test's own on the plain model."""
    model, ids = build(Shape(family, layers=2)), tokens(8)
    found = attribute(model, ids, Objective(3, 5), PassSettings(Method.GRADIENT))
    assert found.nodes.shape == (5, 8)
    layers = model.base_model.layers if family != "gpt2" else model.base_model.h
    states: list[torch.Tensor] = []
    for layer in layers:
        layer.register_forward_hook(lambda _m, _i, output: states.append(output))
    embedded = model.get_input_embeddings()(ids[None]).detach().requires_grad_()
    row = model(inputs_embeds=embedded, use_cache=False).logits[0, -1]
    grads = torch.autograd.grad(row[3] - row[5], states)
    for stage, state, grad in zip((2, 4), states, grads, strict=True):
        wanted = (state * grad).sum(-1)[0].detach()
        assert torch.allclose(found.nodes[stage], wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", [m for m in Method if m is not Method.INTEGRATED])
def test_running_layers_anew_changes_nothing(family: str, method: Method) -> None:
    model, ids = build(Shape(family, window=4)), tokens(12)
    kept, anew = (
        attribute(model, ids, Objective(3, 5), PassSettings(method, recompute=recompute))
        for recompute in (False, True)
    )
    assert torch.equal(kept.nodes, anew.nodes)
    assert (kept.leak, kept.bias) == (anew.leak, anew.bias)

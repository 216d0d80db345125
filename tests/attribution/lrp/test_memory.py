"""The estimate of what a pass keeps, against what torch's profiler counts."""

import gc
from collections.abc import Callable
from typing import Any

import pytest
import torch
import transformers as tf

from attribution.lrp.graph import GraphSettings, build_raw_graph
from attribution.lrp.integrated import points_at_once
from attribution.lrp.memory import estimate_memory
from attribution.lrp.objective import Objective
from attribution.lrp.relevance import attribute
from attribution.lrp.settings import Method, PassSettings
from tests.attribution.lrp.tiny import FAMILIES, WINDOWED, Shape, build_config
from tests.benchmarks.measure import peak

SIZES: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 128,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": None,
}


def llama() -> Any:
    sizes: dict[str, Any] = {"intermediate_size": 384, "num_key_value_heads": 2}
    return tf.LlamaForCausalLM(tf.LlamaConfig(**SIZES, **sizes))


def wide_heads() -> Any:
    """Heads that are wider together than the hidden state."""
    sizes: dict[str, Any] = {"intermediate_size": 256, "num_key_value_heads": 4, "head_dim": 64}
    return tf.Qwen3ForCausalLM(tf.Qwen3Config(**SIZES, **sizes))


def experts() -> Any:
    sizes: dict[str, Any] = {
        "intermediate_size": 384,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 128,
    }
    config = tf.Qwen3MoeConfig(**SIZES, **sizes)
    config._experts_implementation = "eager"
    return tf.Qwen3MoeForCausalLM(config)


def gpt2() -> Any:
    return tf.GPT2LMHeadModel(tf.GPT2Config(**SIZES))


MODELS: dict[str, Callable[[], Any]] = {
    "llama": llama,
    "wide heads": wide_heads,
    "experts": experts,
    "gpt2": gpt2,
}


def made(name: str) -> Any:
    torch.manual_seed(0)
    return MODELS[name]().eval().requires_grad_(False)


def measured(model: Any, n: int, *, recompute: bool, graph: bool = False) -> int:
    ids = torch.randint(64, (n,), generator=torch.Generator().manual_seed(0))
    objective = Objective(3, 5)

    def run() -> object:
        if graph:
            return build_raw_graph(
                model,
                ids,
                objective,
                GraphSettings(with_heads=0),
                PassSettings(recompute=recompute),
            )
        return attribute(model, ids, objective, PassSettings(recompute=recompute))

    run()  # what the first call alone sets up does not count
    gc.collect()  # nor does what others leave, which would be freed in between
    return peak(run, torch.device("cpu"))


def estimated(model: Any, n: int, *, recompute: bool, graph: bool = False) -> int:
    return estimate_memory(model.config, n, torch.float32, recompute=recompute, graph=graph).total


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("name", list(MODELS))
def test_the_estimate_is_within_a_factor_of_two(name: str, recompute: bool) -> None:
    model = made(name)
    for n in (64, 128):
        found = measured(model, n, recompute=recompute)
        told = estimated(model, n, recompute=recompute)
        assert told / 2 < found < 2 * told


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("name", list(MODELS))
def test_so_is_that_of_several_points_of_a_path(name: str, recompute: bool) -> None:
    model, n = made(name), 64
    ids = torch.randint(64, (n,), generator=torch.Generator().manual_seed(0))

    def run() -> object:
        method = Method.INTEGRATED
        return attribute(model, ids, Objective(3, 5), PassSettings(method, recompute=recompute))

    run()
    gc.collect()
    rows = points_at_once(n)
    told = estimate_memory(
        model.config, n, torch.float32, recompute=recompute, sequences=rows
    ).total
    assert told / 2 < peak(run, torch.device("cpu")) < 2 * told


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("name", list(MODELS))
def test_so_is_that_of_a_graph(name: str, recompute: bool) -> None:
    model = made(name)
    found = measured(model, 96, recompute=recompute, graph=True)
    told = estimated(model, 96, recompute=recompute, graph=True)
    assert told / 2 < found < 2 * told


@pytest.mark.parametrize("name", list(MODELS))
def test_running_layers_anew_saves_memory_as_told(name: str) -> None:
    model = made(name)
    assert measured(model, 96, recompute=True) < measured(model, 96, recompute=False)
    assert estimated(model, 96, recompute=True) < estimated(model, 96, recompute=False)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_familys_config_is_understood(family: str) -> None:
    config = build_config(Shape(family))
    found = estimate_memory(config, 10, torch.float32)
    stream = 2 * config.hidden_size * config.num_hidden_layers * 10 * 4
    assert found.kept > stream
    assert estimate_memory(config, 10, torch.float32, recompute=True).kept == stream


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_pass_grows_with_the_tokens_and_no_faster(family: str, recompute: bool) -> None:
    config = build_config(Shape(family, window=4))
    one, ten = (estimate_memory(config, n, torch.bfloat16, recompute=recompute) for n in (1, 10))
    assert (ten.kept, ten.passing, ten.graph) == (10 * one.kept, 10 * one.passing, 0)


@pytest.mark.parametrize("family", FAMILIES)
def test_sliding_windows_take_a_mask_more(family: str) -> None:
    windowed, n = build_config(Shape(family, window=4)), 1000
    plain = build_config(Shape(family))
    plain.sliding_window, plain.layer_types = None, ["full_attention"] * 2
    masked, free = (
        estimate_memory(each, n, torch.float32, graph=True) for each in (windowed, plain)
    )
    assert masked.graph - free.graph == (n * n if family in WINDOWED else 0)


def test_edges_of_a_long_text_take_no_more_with_more_heads() -> None:
    few, many = build_config(Shape()), build_config(Shape())
    many.num_attention_heads = 64
    long = [
        estimate_memory(config, 5000, torch.float32, graph=True).graph for config in (few, many)
    ]
    assert long[0] == long[1]
    short = [estimate_memory(config, 10, torch.float32, graph=True).graph for config in (few, many)]
    assert short[0] < short[1] < long[0]


def test_wider_numbers_take_more() -> None:
    config = build_config(Shape())
    half, single, double = (
        estimate_memory(config, 100, dtype)
        for dtype in (torch.bfloat16, torch.float32, torch.float64)
    )
    assert 4 * half.total == 2 * single.total == double.total


def test_the_experts_that_a_token_visits_count() -> None:
    config = build_config(Shape("qwen3_moe"))
    plain = estimate_memory(config, 10, torch.float32)
    config.num_experts_per_tok += 1
    more = estimate_memory(config, 10, torch.float32)
    extra = 2 * config.moe_intermediate_size * config.num_hidden_layers * 10 * 4
    assert more.kept - plain.kept == extra


def test_gpt2_without_an_inner_size_has_four_times_its_width() -> None:
    config = tf.GPT2Config(n_embd=32, n_layer=2, n_head=4)
    named = tf.GPT2Config(n_embd=32, n_layer=2, n_head=4, n_inner=128)
    assert estimate_memory(config, 10, torch.float32) == estimate_memory(named, 10, torch.float32)
    other = tf.GPT2Config(n_embd=32, n_layer=2, n_head=4, n_inner=64)
    assert (
        estimate_memory(config, 10, torch.float32).kept
        > estimate_memory(other, 10, torch.float32).kept
    )

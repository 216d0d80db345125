"""Tiny random models of every family, biases and norm weights included (transformers starts them
at 0 and 1, where a wrong rule would not show)."""

from collections.abc import Callable
from typing import Any

import torch
import transformers as tf
from attrs import frozen

VOCABULARY = 48


@frozen
class Shape:
    family: str = "llama"  # one of FAMILIES
    layers: int = 2
    kv_heads: int = 2  # of 4
    biased: bool = True  # wherever the family can have biases
    window: int | None = None  # of every second layer, where the family has sliding windows
    tied: bool = False
    seed: int = 0


Options = dict[str, Any]


def _window(shape: Shape, switch: str = "") -> Options:
    if not shape.window:
        return {}
    kinds = ("full_attention", "sliding_attention")
    found: Options = {switch: True} if switch else {}
    found["sliding_window"] = shape.window
    found["layer_types"] = [kinds[layer % 2] for layer in range(shape.layers)]
    return found


def _llama(shape: Shape) -> Options:
    return {"attention_bias": shape.biased, "mlp_bias": shape.biased}


def _attention_bias(shape: Shape) -> Options:
    return {"attention_bias": shape.biased}


def _qwen3(shape: Shape) -> Options:
    return _attention_bias(shape) | _window(shape, "use_sliding_window")


def _moe(shape: Shape) -> Options:
    return _attention_bias(shape) | {
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 20,
        "mlp_only_layers": [1],  # one layer of each kind
        "norm_topk_prob": True,
        "use_sliding_window": bool(shape.window),
        "sliding_window": shape.window,
    }


def _gemma3(shape: Shape) -> Options:
    return _attention_bias(shape) | _window(shape) | {"query_pre_attn_scalar": 9}


def _gpt2(_shape: Shape) -> Options:
    return {"n_inner": 40, "scale_attn_by_inverse_layer_idx": True}


_CLASSES: dict[str, tuple[type[Any], type[Any], Callable[[Shape], Options]]] = {
    "llama": (tf.LlamaConfig, tf.LlamaForCausalLM, _llama),
    "qwen2": (tf.Qwen2Config, tf.Qwen2ForCausalLM, lambda s: _window(s, "use_sliding_window")),
    "qwen3": (tf.Qwen3Config, tf.Qwen3ForCausalLM, _qwen3),
    "qwen3_moe": (tf.Qwen3MoeConfig, tf.Qwen3MoeForCausalLM, _moe),
    "mistral": (tf.MistralConfig, tf.MistralForCausalLM, lambda s: {"sliding_window": s.window}),
    "gemma3": (tf.Gemma3TextConfig, tf.Gemma3ForCausalLM, _gemma3),
    "olmo2": (tf.Olmo2Config, tf.Olmo2ForCausalLM, _attention_bias),
    "olmo3": (tf.Olmo3Config, tf.Olmo3ForCausalLM, lambda s: _attention_bias(s) | _window(s)),
    "phi3": (tf.Phi3Config, tf.Phi3ForCausalLM, lambda s: {"sliding_window": s.window}),
    "gpt2": (tf.GPT2Config, tf.GPT2LMHeadModel, _gpt2),
}
FAMILIES = tuple(_CLASSES)
BIASED = ("llama", "qwen2", "qwen3", "qwen3_moe", "gemma3", "olmo2", "olmo3", "gpt2")
WINDOWED = ("qwen2", "qwen3", "qwen3_moe", "mistral", "gemma3", "olmo3", "phi3")
ALWAYS_BIASED = ("qwen2", "gpt2")


def build_config(shape: Shape) -> Any:
    config, _, options = _CLASSES[shape.family]
    built = config(
        vocab_size=VOCABULARY,
        hidden_size=24,
        intermediate_size=40,
        num_hidden_layers=shape.layers,
        num_attention_heads=4,
        num_key_value_heads=4 if shape.family == "gpt2" else shape.kv_heads,
        head_dim=6,
        max_position_embeddings=64,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
        tie_word_embeddings=shape.tied,
        initializer_range=0.3,
        **options(shape),
    )
    built._experts_implementation = "eager"  # the other kernels know no float64
    return built


def build(
    shape: Shape = Shape(),
    config: Any = None,
    dtype: torch.dtype = torch.float64,
) -> Any:
    """A model in eval mode, with random weights everywhere."""
    torch.manual_seed(shape.seed)
    model = _CLASSES[shape.family][1](config or build_config(shape))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(std=0.3 if shape.biased else 0.0)
            elif "norm" in name or "ln_" in name:
                parameter.normal_(mean=1.0, std=0.3)
            elif "experts" in name or "gate.weight" in name:
                parameter.normal_(std=0.3)
    return model.to(dtype).eval()


def tokens(n: int, seed: int = 0) -> torch.Tensor:
    """(n,) random ids."""
    return torch.randint(VOCABULARY, (n,), generator=torch.Generator().manual_seed(seed))


def logits(model: Any, ids: torch.Tensor) -> torch.Tensor:
    """(n, vocabulary) of the model as it is."""
    with torch.no_grad():
        result: torch.Tensor = model(ids[None], use_cache=False).logits[0]
    return result

"""Tiny random models of every family, biases and norm weights included (transformers starts them
at 0 and 1, where a wrong rule would not show)."""

from typing import Any

import torch
from attrs import frozen
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

VOCABULARY = 48


@frozen
class Shape:
    family: str = "llama"  # llama, qwen2, qwen3
    layers: int = 2
    kv_heads: int = 2  # of 4
    biased: bool = True  # wherever the family can have biases
    window: int | None = None  # of every second layer (Qwen only)
    tied: bool = False
    seed: int = 0


_CLASSES: dict[str, tuple[type[Any], type[Any]]] = {
    "llama": (LlamaConfig, LlamaForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
}
FAMILIES = tuple(_CLASSES)


def build_config(shape: Shape) -> Any:
    options: dict[str, Any] = {}
    if shape.family != "qwen2":
        options["attention_bias"] = shape.biased
    if shape.family == "llama":
        options["mlp_bias"] = shape.biased
    elif shape.window:
        kinds = ("full_attention", "sliding_attention")
        options["use_sliding_window"] = True
        options["sliding_window"] = shape.window
        options["layer_types"] = [kinds[layer % 2] for layer in range(shape.layers)]
    return _CLASSES[shape.family][0](
        vocab_size=VOCABULARY,
        hidden_size=24,
        intermediate_size=40,
        num_hidden_layers=shape.layers,
        num_attention_heads=4,
        num_key_value_heads=shape.kv_heads,
        head_dim=6,
        max_position_embeddings=64,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
        tie_word_embeddings=shape.tied,
        initializer_range=0.3,
        **options,
    )


def build(shape: Shape = Shape(), config: Any = None, dtype: torch.dtype = torch.float64) -> Any:
    """A model in eval mode; `config` overrides the one that `shape` gives."""
    torch.manual_seed(shape.seed)
    model: PreTrainedModel = _CLASSES[shape.family][1](config or build_config(shape))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(std=0.3 if shape.biased else 0.0)
            elif "norm" in name:
                parameter.normal_(mean=1.0, std=0.3)
    return model.to(dtype).eval()


def tokens(n: int, seed: int = 0) -> torch.Tensor:
    """(n,) random ids."""
    return torch.randint(VOCABULARY, (n,), generator=torch.Generator().manual_seed(seed))


def logits(model: Any, ids: torch.Tensor) -> torch.Tensor:
    """(n, vocabulary) of the model as it is."""
    with torch.no_grad():
        result: torch.Tensor = model(ids[None], use_cache=False).logits[0]
    return result

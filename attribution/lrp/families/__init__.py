"""Which relevance rule belongs to which module class: one small map per architecture.

A class counts by identity, not by inheritance: a subclass may compute something else.
"""

from typing import Any

from torch import nn

from attribution.errors import UnsupportedModel
from attribution.lrp.families import (
    gemma3,
    gpt2,
    llama,
    mistral,
    olmo2,
    olmo3,
    phi3,
    qwen2,
    qwen3,
    qwen3_moe,
)
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.linear import linear

_FAMILIES: dict[str, Rules] = {
    "Qwen2ForCausalLM": qwen2.RULES,
    "Qwen3ForCausalLM": qwen3.RULES,
    "Qwen3MoeForCausalLM": qwen3_moe.RULES,
    "LlamaForCausalLM": llama.RULES,
    "MistralForCausalLM": mistral.RULES,
    "Gemma3ForCausalLM": gemma3.RULES,
    "Olmo2ForCausalLM": olmo2.RULES,
    "Olmo3ForCausalLM": olmo3.RULES,
    "Phi3ForCausalLM": phi3.RULES,
    "GPT2LMHeadModel": gpt2.RULES,
}

# Linear layers with weights of 4 or 8 bits: the same map, computed by bitsandbytes.
_QUANTISED = ("Linear4bit", "Linear8bitLt", "LinearNF4", "LinearFP4")


def rules_for(model: Any) -> Rules:
    """The rules of `model`'s family; every module in it has one.

    Raises UnsupportedModel, naming the first class without a rule and where it sits.
    """
    rules = dict(_FAMILIES.get(type(model).__name__, {}))
    for name, module in model.named_modules():
        if _is_quantised_linear(module):
            rules[type(module)] = linear
        if type(module) not in rules:
            place = f" (at {name})" if name else ""
            raise UnsupportedModel(
                f"The module class {type(module).__name__}{place} has no relevance rule. "
                f"Models that can be explained: {', '.join(sorted(_FAMILIES))}."
            )
    if not _is_causal(model.config):
        raise UnsupportedModel(
            f"{type(model).__name__} attends to what follows; only causal models can be explained."
        )
    if getattr(model.config, "final_logit_softcapping", None):
        raise UnsupportedModel(
            f"{type(model).__name__} caps its logits (final_logit_softcapping); there is no "
            "relevance rule for it."
        )
    return rules


def _is_causal(config: Any) -> bool:
    """transformers gives any family a two-way mask where the config says so, Gemma by its own."""
    if getattr(config, "use_bidirectional_attention", None):
        return False
    return bool(getattr(config, "is_causal", True))


def _is_quantised_linear(module: nn.Module) -> bool:
    cls = type(module)
    return cls.__module__ == "bitsandbytes.nn.modules" and cls.__name__ in _QUANTISED

"""Which relevance rule belongs to which module class: one small map per architecture.

A class counts by identity, not by inheritance: a subclass may compute something else.
"""

from torch import nn

from attribution.errors import UnsupportedModel
from attribution.lrp.patch import Rules
from attribution.models.families import llama, qwen2, qwen3

_FAMILIES: dict[str, Rules] = {
    "Qwen2ForCausalLM": qwen2.RULES,
    "LlamaForCausalLM": llama.RULES,
    "Qwen3ForCausalLM": qwen3.RULES,
}


def rules_for(model: nn.Module) -> Rules:
    """The rules of `model`'s family; every module in it has one.

    Raises UnsupportedModel, naming the first class without a rule and where it sits.
    """
    rules = _FAMILIES.get(type(model).__name__, {})
    for name, module in model.named_modules():
        if type(module) not in rules:
            place = f" (at {name})" if name else ""
            raise UnsupportedModel(
                f"The module class {type(module).__name__}{place} has no relevance rule. "
                f"Models that can be explained: {', '.join(sorted(_FAMILIES))}."
            )
    return rules

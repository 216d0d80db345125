"""Every class in a supported model has a rule, and nothing else is let through."""

import pytest
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
)

from attribution.errors import UnsupportedModel
from attribution.models.families import rules_for
from tests.attribution.lrp.tiny import FAMILIES, Shape, build, build_config


@pytest.mark.parametrize("family", FAMILIES)
def test_every_module_class_has_a_rule(family: str) -> None:
    model = build(Shape(family))
    assert {type(module) for module in model.modules()} <= rules_for(model).keys()


@pytest.mark.parametrize("name", ["silu", "swish"])
def test_both_spellings_of_silu_are_known(name: str) -> None:
    config = build_config(Shape("llama"))
    config.hidden_act = name
    model = build(config=config)
    assert {type(module) for module in model.modules()} <= rules_for(model).keys()


def test_another_activation_is_refused_by_name() -> None:
    config = build_config(Shape("llama"))
    config.hidden_act = "gelu"
    with pytest.raises(UnsupportedModel, match=r"GELUActivation \(at model\.layers\.0\.mlp"):
        rules_for(build(config=config))


def test_another_architecture_is_refused_by_name() -> None:
    model = GPT2LMHeadModel(GPT2Config(n_layer=1, n_embd=8, n_head=2, vocab_size=16))
    with pytest.raises(UnsupportedModel, match=r"GPT2LMHeadModel .*LlamaForCausalLM"):
        rules_for(model)


def test_a_supported_body_under_another_head_is_refused() -> None:
    config = LlamaConfig(**build_config(Shape("llama")).to_dict())
    with pytest.raises(UnsupportedModel, match="LlamaForSequenceClassification"):
        rules_for(LlamaForSequenceClassification(config))


def test_a_subclass_may_compute_something_else_and_is_refused() -> None:
    class LlamaForCausalLMPlus(LlamaForCausalLM):
        pass

    model = LlamaForCausalLMPlus(build_config(Shape("llama")))
    with pytest.raises(UnsupportedModel, match="LlamaForCausalLMPlus"):
        rules_for(model)


def test_a_class_is_known_by_identity_not_by_its_name() -> None:
    impostor = type("LlamaForCausalLM", (torch.nn.Module,), {})()
    with pytest.raises(UnsupportedModel, match="LlamaForCausalLM"):
        rules_for(impostor)

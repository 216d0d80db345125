"""Every class in a supported model has a rule, and nothing else is let through."""

import pytest
import torch
from transformers import (
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
)
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from attribution.errors import UnsupportedModel
from attribution.lrp.families import rules_for
from attribution.lrp.rules.attach import ATTENTION, attached
from attribution.lrp.rules.backward_trace import BackwardTrace
from tests.attribution.lrp.tiny import (
    FAMILIES,
    VOCABULARY,
    Shape,
    build,
    build_config,
    logits,
    tokens,
)


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
    config.hidden_act = "relu"
    with pytest.raises(UnsupportedModel, match=r"ReLU \(at model\.layers\.0\.mlp"):
        rules_for(build(config=config))


def test_another_architecture_is_refused_by_name() -> None:
    config = GPTNeoXConfig(
        num_hidden_layers=1,
        hidden_size=8,
        num_attention_heads=2,
        vocab_size=16,
        bos_token_id=None,
        eos_token_id=None,
    )
    model = GPTNeoXForCausalLM(config)
    with pytest.raises(UnsupportedModel, match=r"GPTNeoXForCausalLM .*LlamaForCausalLM"):
        rules_for(model)


def test_capped_logits_are_refused() -> None:
    config = build_config(Shape("gemma3"))
    config.final_logit_softcapping = 30.0
    with pytest.raises(UnsupportedModel, match="final_logit_softcapping"):
        rules_for(build(Shape("gemma3"), config))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_that_attends_to_what_follows_is_refused(family: str) -> None:
    config = build_config(Shape(family))
    config.is_causal = False
    model, ids = build(Shape(family), config), tokens(8)
    other = ids.clone()
    other[-1] = (ids[-1] + 1) % VOCABULARY
    assert not torch.equal(logits(model, ids)[0], logits(model, other)[0])  # it really does
    with pytest.raises(UnsupportedModel, match=rf"{type(model).__name__} attends to what follows"):
        rules_for(model)


def test_gemma_says_in_its_own_way_that_it_attends_to_what_follows() -> None:
    config = build_config(Shape("gemma3"))
    config.use_bidirectional_attention = True
    with pytest.raises(UnsupportedModel, match="Gemma3ForCausalLM attends to what follows"):
        rules_for(build(Shape("gemma3"), config))


def test_capped_attention_scores_are_refused() -> None:
    model = build(Shape("gemma3"))
    module = model.model.layers[0].self_attn
    part = torch.zeros(1, 4, 3, 6, dtype=torch.float64)
    with (
        attached(model, rules_for(model), BackwardTrace()),
        pytest.raises(UnsupportedModel, match="Gemma3Attention caps its attention scores"),
    ):
        ALL_ATTENTION_FUNCTIONS[ATTENTION](module, part, part, part, None, softcap=50.0)


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

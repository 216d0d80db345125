"""Llama and its many copies, SmolLM2 among them (biases where the config asks for them)."""

from transformers.models.llama import modeling_llama as llama

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules import attention, modules, patch

RULES: patch.Rules = {
    **COMMON,
    llama.LlamaForCausalLM: modules.plain,
    llama.LlamaModel: modules.plain,
    llama.LlamaDecoderLayer: modules.layer("post_attention_layernorm"),
    llama.LlamaAttention: attention.attention,
    llama.LlamaMLP: modules.gated_mlp(),
    llama.LlamaRMSNorm: modules.rms_norm(),
    llama.LlamaRotaryEmbedding: modules.plain,
}

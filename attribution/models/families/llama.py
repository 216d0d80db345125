"""Llama and its many copies, SmolLM2 among them (biases where the config asks for them)."""

from transformers.models.llama import modeling_llama as llama

from attribution.lrp import patch
from attribution.models.families.common import COMMON

RULES: patch.Rules = {
    **COMMON,
    llama.LlamaForCausalLM: patch.plain,
    llama.LlamaModel: patch.plain,
    llama.LlamaDecoderLayer: patch.layer,
    llama.LlamaAttention: patch.attention,
    llama.LlamaMLP: patch.gated_mlp,
    llama.LlamaRMSNorm: patch.rms_norm,
    llama.LlamaRotaryEmbedding: patch.plain,
}

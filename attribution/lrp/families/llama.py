"""Llama and its many copies, SmolLM2 among them (biases where the config asks for them)."""

from transformers.models.llama import modeling_llama as llama

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.attention import attention
from attribution.lrp.rules.decoder_layer import decoder_layer
from attribution.lrp.rules.linear import unchanged
from attribution.lrp.rules.mlp import gated_mlp
from attribution.lrp.rules.norms import rms_norm

RULES: Rules = {
    **COMMON,
    llama.LlamaForCausalLM: unchanged,
    llama.LlamaModel: unchanged,
    llama.LlamaDecoderLayer: decoder_layer("post_attention_layernorm"),
    llama.LlamaAttention: attention,
    llama.LlamaMLP: gated_mlp(),
    llama.LlamaRMSNorm: rms_norm(),
    llama.LlamaRotaryEmbedding: unchanged,
}

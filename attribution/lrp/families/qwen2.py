"""Qwen2 and Qwen2.5 (biases on q, k and v; sliding windows where the config asks for them)."""

from transformers.models.qwen2 import modeling_qwen2 as qwen2

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.attention import attention
from attribution.lrp.rules.decoder_layer import decoder_layer
from attribution.lrp.rules.linear import unchanged
from attribution.lrp.rules.mlp import gated_mlp
from attribution.lrp.rules.norms import rms_norm

RULES: Rules = {
    **COMMON,
    qwen2.Qwen2ForCausalLM: unchanged,
    qwen2.Qwen2Model: unchanged,
    qwen2.Qwen2DecoderLayer: decoder_layer("post_attention_layernorm"),
    qwen2.Qwen2Attention: attention,
    qwen2.Qwen2MLP: gated_mlp(),
    qwen2.Qwen2RMSNorm: rms_norm(),
    qwen2.Qwen2RotaryEmbedding: unchanged,
}

"""Dense Qwen3 (RMSNorm on the heads of q and k; sliding windows where the config asks for them)."""

from transformers.models.qwen3 import modeling_qwen3 as qwen3

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.attention import attention
from attribution.lrp.rules.decoder_layer import decoder_layer
from attribution.lrp.rules.linear import unchanged
from attribution.lrp.rules.mlp import gated_mlp
from attribution.lrp.rules.norms import rms_norm

RULES: Rules = {
    **COMMON,
    qwen3.Qwen3ForCausalLM: unchanged,
    qwen3.Qwen3Model: unchanged,
    qwen3.Qwen3DecoderLayer: decoder_layer("post_attention_layernorm"),
    qwen3.Qwen3Attention: attention,
    qwen3.Qwen3MLP: gated_mlp(),
    qwen3.Qwen3RMSNorm: rms_norm(),
    qwen3.Qwen3RotaryEmbedding: unchanged,
}

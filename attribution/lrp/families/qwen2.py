"""Qwen2 and Qwen2.5 (biases on q, k and v; sliding windows where the config asks for them)."""

from transformers.models.qwen2 import modeling_qwen2 as qwen2

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules import attention, modules, patch

RULES: patch.Rules = {
    **COMMON,
    qwen2.Qwen2ForCausalLM: modules.plain,
    qwen2.Qwen2Model: modules.plain,
    qwen2.Qwen2DecoderLayer: modules.layer("post_attention_layernorm"),
    qwen2.Qwen2Attention: attention.attention,
    qwen2.Qwen2MLP: modules.gated_mlp(),
    qwen2.Qwen2RMSNorm: modules.rms_norm(),
    qwen2.Qwen2RotaryEmbedding: modules.plain,
}

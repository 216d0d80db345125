"""Qwen2 and Qwen2.5 (biases on q, k and v; sliding windows where the config asks for them)."""

from transformers.models.qwen2 import modeling_qwen2 as qwen2

from attribution.lrp import patch
from attribution.models.families.common import COMMON

RULES: patch.Rules = {
    **COMMON,
    qwen2.Qwen2ForCausalLM: patch.plain,
    qwen2.Qwen2Model: patch.plain,
    qwen2.Qwen2DecoderLayer: patch.layer,
    qwen2.Qwen2Attention: patch.attention,
    qwen2.Qwen2MLP: patch.gated_mlp,
    qwen2.Qwen2RMSNorm: patch.rms_norm,
    qwen2.Qwen2RotaryEmbedding: patch.plain,
}

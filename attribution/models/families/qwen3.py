"""Dense Qwen3 (RMSNorm on the heads of q and k; sliding windows where the config asks for them)."""

from transformers.models.qwen3 import modeling_qwen3 as qwen3

from attribution.lrp import patch
from attribution.models.families.common import COMMON

RULES: patch.Rules = {
    **COMMON,
    qwen3.Qwen3ForCausalLM: patch.plain,
    qwen3.Qwen3Model: patch.plain,
    qwen3.Qwen3DecoderLayer: patch.layer,
    qwen3.Qwen3Attention: patch.attention,
    qwen3.Qwen3MLP: patch.gated_mlp,
    qwen3.Qwen3RMSNorm: patch.rms_norm,
    qwen3.Qwen3RotaryEmbedding: patch.plain,
}

"""Dense Qwen3 (RMSNorm on the heads of q and k; sliding windows where the config asks for them)."""

from transformers.models.qwen3 import modeling_qwen3 as qwen3

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules import attention, modules, patch

RULES: patch.Rules = {
    **COMMON,
    qwen3.Qwen3ForCausalLM: modules.plain,
    qwen3.Qwen3Model: modules.plain,
    qwen3.Qwen3DecoderLayer: modules.layer("post_attention_layernorm"),
    qwen3.Qwen3Attention: attention.attention,
    qwen3.Qwen3MLP: modules.gated_mlp(),
    qwen3.Qwen3RMSNorm: modules.rms_norm(),
    qwen3.Qwen3RotaryEmbedding: modules.plain,
}

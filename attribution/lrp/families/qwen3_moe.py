"""Qwen3 with experts (the router's weights are constants on the way back)."""

from transformers.models.qwen3_moe import modeling_qwen3_moe as moe

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules import attention, modules, patch

RULES: patch.Rules = {
    **COMMON,
    moe.Qwen3MoeForCausalLM: modules.plain,
    moe.Qwen3MoeModel: modules.plain,
    moe.Qwen3MoeDecoderLayer: modules.layer("post_attention_layernorm"),
    moe.Qwen3MoeAttention: attention.attention,
    moe.Qwen3MoeMLP: modules.gated_mlp(),
    moe.Qwen3MoeRMSNorm: modules.rms_norm(),
    moe.Qwen3MoeRotaryEmbedding: modules.plain,
    moe.Qwen3MoeSparseMoeBlock: modules.plain,
    moe.Qwen3MoeTopKRouter: modules.router,
    moe.Qwen3MoeExperts: modules.experts,
}

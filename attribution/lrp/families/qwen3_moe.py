"""Qwen3 with experts (the router's weights are constants on the way back)."""

from transformers.models.qwen3_moe import modeling_qwen3_moe as moe

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.attention import attention
from attribution.lrp.rules.decoder_layer import decoder_layer
from attribution.lrp.rules.experts import experts, router
from attribution.lrp.rules.linear import unchanged
from attribution.lrp.rules.mlp import gated_mlp
from attribution.lrp.rules.norms import rms_norm

RULES: Rules = {
    **COMMON,
    moe.Qwen3MoeForCausalLM: unchanged,
    moe.Qwen3MoeModel: unchanged,
    moe.Qwen3MoeDecoderLayer: decoder_layer("post_attention_layernorm"),
    moe.Qwen3MoeAttention: attention,
    moe.Qwen3MoeMLP: gated_mlp(),
    moe.Qwen3MoeRMSNorm: rms_norm(),
    moe.Qwen3MoeRotaryEmbedding: unchanged,
    moe.Qwen3MoeSparseMoeBlock: unchanged,
    moe.Qwen3MoeTopKRouter: router,
    moe.Qwen3MoeExperts: experts,
}

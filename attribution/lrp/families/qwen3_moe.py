"""Qwen3 with experts (the router's weights are constants on the way back)."""

from transformers.models.qwen3_moe import modeling_qwen3_moe as moe

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.attention import attention
from attribution.lrp.rules.decoder_layer import decoder_layer
from attribution.lrp.rules.linear import plain
from attribution.lrp.rules.mlp import experts, gated_mlp, router
from attribution.lrp.rules.norms import rms_norm

RULES: Rules = {
    **COMMON,
    moe.Qwen3MoeForCausalLM: plain,
    moe.Qwen3MoeModel: plain,
    moe.Qwen3MoeDecoderLayer: decoder_layer("post_attention_layernorm"),
    moe.Qwen3MoeAttention: attention,
    moe.Qwen3MoeMLP: gated_mlp(),
    moe.Qwen3MoeRMSNorm: rms_norm(),
    moe.Qwen3MoeRotaryEmbedding: plain,
    moe.Qwen3MoeSparseMoeBlock: plain,
    moe.Qwen3MoeTopKRouter: router,
    moe.Qwen3MoeExperts: experts,
}

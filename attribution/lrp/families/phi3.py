"""Phi-3 (q, k and v out of one projection, gate and up out of another)."""

from transformers.models.phi3 import modeling_phi3 as phi3

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.attention import attention
from attribution.lrp.rules.decoder_layer import decoder_layer
from attribution.lrp.rules.linear import unchanged
from attribution.lrp.rules.mlp import fused_projection, gated_mlp
from attribution.lrp.rules.norms import rms_norm

RULES: Rules = {
    **COMMON,
    phi3.Phi3ForCausalLM: unchanged,
    phi3.Phi3Model: unchanged,
    phi3.Phi3DecoderLayer: decoder_layer("post_attention_layernorm"),
    phi3.Phi3Attention: attention,
    phi3.Phi3MLP: gated_mlp("activation_fn", fused_projection),
    phi3.Phi3RMSNorm: rms_norm(),
    phi3.Phi3RotaryEmbedding: unchanged,
}

"""Gemma 3, text only (norms around attention and MLP, RMSNorm on q and k, sliding windows)."""

from transformers.models.gemma3 import modeling_gemma3 as gemma3

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.attention import attention
from attribution.lrp.rules.decoder_layer import decoder_layer
from attribution.lrp.rules.linear import unchanged
from attribution.lrp.rules.mlp import gated_mlp
from attribution.lrp.rules.norms import rms_norm

RULES: Rules = {
    **COMMON,
    gemma3.Gemma3ForCausalLM: unchanged,
    gemma3.Gemma3TextModel: unchanged,
    gemma3.Gemma3TextScaledWordEmbedding: unchanged,
    gemma3.Gemma3DecoderLayer: decoder_layer("pre_feedforward_layernorm"),
    gemma3.Gemma3Attention: attention,
    gemma3.Gemma3MLP: gated_mlp(),
    gemma3.Gemma3RMSNorm: rms_norm("eps", offset=1.0),
    gemma3.Gemma3RotaryEmbedding: unchanged,
}

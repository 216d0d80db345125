"""Mistral (a sliding window where the config asks for one)."""

from transformers.models.mistral import modeling_mistral as mistral

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.attention import attention
from attribution.lrp.rules.decoder_layer import decoder_layer
from attribution.lrp.rules.linear import unchanged
from attribution.lrp.rules.mlp import gated_mlp
from attribution.lrp.rules.norms import rms_norm

RULES: Rules = {
    **COMMON,
    mistral.MistralForCausalLM: unchanged,
    mistral.MistralModel: unchanged,
    mistral.MistralDecoderLayer: decoder_layer("post_attention_layernorm"),
    mistral.MistralAttention: attention,
    mistral.MistralMLP: gated_mlp(),
    mistral.MistralRMSNorm: rms_norm(),
    mistral.MistralRotaryEmbedding: unchanged,
}

"""OLMo 3 (as OLMo 2, with sliding windows)."""

from transformers.models.olmo3 import modeling_olmo3 as olmo3

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.attention import attention
from attribution.lrp.rules.decoder_layer import decoder_layer
from attribution.lrp.rules.linear import unchanged
from attribution.lrp.rules.mlp import gated_mlp
from attribution.lrp.rules.norms import rms_norm

RULES: Rules = {
    **COMMON,
    olmo3.Olmo3ForCausalLM: unchanged,
    olmo3.Olmo3Model: unchanged,
    olmo3.Olmo3DecoderLayer: decoder_layer("mlp"),
    olmo3.Olmo3Attention: attention,
    olmo3.Olmo3MLP: gated_mlp(),
    olmo3.Olmo3RMSNorm: rms_norm(),
    olmo3.Olmo3RotaryEmbedding: unchanged,
}

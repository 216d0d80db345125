"""OLMo 2 (norms behind attention and MLP; RMSNorm on the whole of q and k)."""

from transformers.models.olmo2 import modeling_olmo2 as olmo2

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.attention import attention
from attribution.lrp.rules.decoder_layer import decoder_layer
from attribution.lrp.rules.linear import unchanged
from attribution.lrp.rules.mlp import gated_mlp
from attribution.lrp.rules.norms import rms_norm

RULES: Rules = {
    **COMMON,
    olmo2.Olmo2ForCausalLM: unchanged,
    olmo2.Olmo2Model: unchanged,
    olmo2.Olmo2DecoderLayer: decoder_layer("mlp"),
    olmo2.Olmo2Attention: attention,
    olmo2.Olmo2MLP: gated_mlp(),
    olmo2.Olmo2RMSNorm: rms_norm(),
    olmo2.Olmo2RotaryEmbedding: unchanged,
}

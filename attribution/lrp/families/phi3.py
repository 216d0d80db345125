"""Phi-3 (q, k and v out of one projection, gate and up out of another)."""

from transformers.models.phi3 import modeling_phi3 as phi3

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules import attention, modules, patch

RULES: patch.Rules = {
    **COMMON,
    phi3.Phi3ForCausalLM: modules.plain,
    phi3.Phi3Model: modules.plain,
    phi3.Phi3DecoderLayer: modules.layer("post_attention_layernorm"),
    phi3.Phi3Attention: attention.attention,
    phi3.Phi3MLP: modules.gated_mlp("activation_fn", modules.fused),
    phi3.Phi3RMSNorm: modules.rms_norm(),
    phi3.Phi3RotaryEmbedding: modules.plain,
}

"""Gemma 3, text only (norms around attention and MLP, RMSNorm on q and k, sliding windows)."""

from transformers.models.gemma3 import modeling_gemma3 as gemma3

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules import attention, modules, patch

RULES: patch.Rules = {
    **COMMON,
    gemma3.Gemma3ForCausalLM: modules.plain,
    gemma3.Gemma3TextModel: modules.plain,
    gemma3.Gemma3TextScaledWordEmbedding: modules.plain,
    gemma3.Gemma3DecoderLayer: modules.layer("pre_feedforward_layernorm"),
    gemma3.Gemma3Attention: attention.attention,
    gemma3.Gemma3MLP: modules.gated_mlp(),
    gemma3.Gemma3RMSNorm: modules.rms_norm("eps", offset=1.0),
    gemma3.Gemma3RotaryEmbedding: modules.plain,
}

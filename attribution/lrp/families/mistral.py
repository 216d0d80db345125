"""Mistral (a sliding window where the config asks for one)."""

from transformers.models.mistral import modeling_mistral as mistral

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules import attention, modules, patch

RULES: patch.Rules = {
    **COMMON,
    mistral.MistralForCausalLM: modules.plain,
    mistral.MistralModel: modules.plain,
    mistral.MistralDecoderLayer: modules.layer("post_attention_layernorm"),
    mistral.MistralAttention: attention.attention,
    mistral.MistralMLP: modules.gated_mlp(),
    mistral.MistralRMSNorm: modules.rms_norm(),
    mistral.MistralRotaryEmbedding: modules.plain,
}

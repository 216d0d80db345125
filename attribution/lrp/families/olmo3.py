"""OLMo 3 (as OLMo 2, with sliding windows)."""

from transformers.models.olmo3 import modeling_olmo3 as olmo3

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules import attention, modules, patch

RULES: patch.Rules = {
    **COMMON,
    olmo3.Olmo3ForCausalLM: modules.plain,
    olmo3.Olmo3Model: modules.plain,
    olmo3.Olmo3DecoderLayer: modules.layer("mlp"),
    olmo3.Olmo3Attention: attention.attention,
    olmo3.Olmo3MLP: modules.gated_mlp(),
    olmo3.Olmo3RMSNorm: modules.rms_norm(),
    olmo3.Olmo3RotaryEmbedding: modules.plain,
}

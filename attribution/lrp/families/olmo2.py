"""OLMo 2 (norms behind attention and MLP; RMSNorm on the whole of q and k)."""

from transformers.models.olmo2 import modeling_olmo2 as olmo2

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules import attention, modules, patch

RULES: patch.Rules = {
    **COMMON,
    olmo2.Olmo2ForCausalLM: modules.plain,
    olmo2.Olmo2Model: modules.plain,
    olmo2.Olmo2DecoderLayer: modules.layer("mlp"),
    olmo2.Olmo2Attention: attention.attention,
    olmo2.Olmo2MLP: modules.gated_mlp(),
    olmo2.Olmo2RMSNorm: modules.rms_norm(),
    olmo2.Olmo2RotaryEmbedding: modules.plain,
}

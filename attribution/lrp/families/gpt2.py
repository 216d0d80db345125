"""GPT-2 (LayerNorm, biases everywhere, no gate in the MLP, learned positions).

The embedding stage is token plus position embedding: that is what a token is to the model.
"""

from torch import nn
from transformers.models.gpt2 import modeling_gpt2 as gpt2
from transformers.pytorch_utils import Conv1D

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules import attention, modules, patch

RULES: patch.Rules = {
    **COMMON,
    gpt2.GPT2LMHeadModel: modules.plain,
    gpt2.GPT2Model: modules.plain,
    gpt2.GPT2Block: modules.layer("ln_2"),
    gpt2.GPT2Attention: attention.attention,
    gpt2.GPT2MLP: modules.mlp,
    nn.LayerNorm: modules.layer_norm,
    Conv1D: modules.linear,
}

"""GPT-2 (LayerNorm, biases everywhere, no gate in the MLP, learned positions).

The embedding stage is token plus position embedding: that is what a token is to the model.
"""

from torch import nn
from transformers.models.gpt2 import modeling_gpt2 as gpt2
from transformers.pytorch_utils import Conv1D

from attribution.lrp.families.common import COMMON
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.attention import attention
from attribution.lrp.rules.decoder_layer import decoder_layer
from attribution.lrp.rules.linear import linear, unchanged
from attribution.lrp.rules.mlp import mlp
from attribution.lrp.rules.norms import layer_norm

RULES: Rules = {
    **COMMON,
    gpt2.GPT2LMHeadModel: unchanged,
    gpt2.GPT2Model: unchanged,
    gpt2.GPT2Block: decoder_layer("ln_2"),
    gpt2.GPT2Attention: attention,
    gpt2.GPT2MLP: mlp,
    nn.LayerNorm: layer_norm,
    Conv1D: linear,
}

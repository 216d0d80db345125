"""Building blocks that every family shares."""

from torch import nn

from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.linear import linear, plain
from attribution.lrp.rules.mlp import SLOPES

COMMON: Rules = {
    nn.Linear: linear,
    nn.Embedding: plain,
    nn.ModuleList: plain,
    nn.Dropout: plain,  # in evaluation mode
    # An activation belongs to its MLP's rule, which knows the slope of these.
    **dict.fromkeys(SLOPES, plain),
}

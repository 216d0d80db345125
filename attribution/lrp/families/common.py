"""Building blocks that every family shares."""

from torch import nn

from attribution.lrp.rules.activations import SECANTS
from attribution.lrp.rules.attach import Rules
from attribution.lrp.rules.linear import linear, unchanged

COMMON: Rules = {
    nn.Linear: linear,
    nn.Embedding: unchanged,
    nn.ModuleList: unchanged,
    nn.Dropout: unchanged,  # in evaluation mode
    # An activation belongs to its MLP's rule, which knows the secant of these.
    **dict.fromkeys(SECANTS, unchanged),
}

"""Building blocks that every family shares."""

from torch import nn

from attribution.lrp import patch

COMMON: patch.Rules = {
    nn.Linear: patch.linear,
    nn.Embedding: patch.plain,
    nn.ModuleList: patch.plain,
    # An activation belongs to its MLP's rule, which knows the slope of these.
    **dict.fromkeys(patch.SLOPES, patch.plain),
}

"""Building blocks that every family shares."""

from torch import nn

from attribution.lrp.rules import modules, patch

COMMON: patch.Rules = {
    nn.Linear: modules.linear,
    nn.Embedding: modules.plain,
    nn.ModuleList: modules.plain,
    nn.Dropout: modules.plain,  # in evaluation mode
    # An activation belongs to its MLP's rule, which knows the slope of these.
    **dict.fromkeys(modules.SLOPES, modules.plain),
}

"""Activations under the rules: the secant f(x)/x takes the place of the slope f′(x).

The secant is written in closed form, so that nothing is divided by zero. All functions here work
elementwise on tensors of any shape and float dtype.
"""

import math
from collections.abc import Mapping

import torch
from torch import nn
from transformers import activations

from attribution.lrp.rules.autograd import Elementwise, Secant, apply


def _gelu_secant(x: torch.Tensor) -> torch.Tensor:
    return torch.erf(x / math.sqrt(2)).add_(1).mul_(0.5)


def _gelu_tanh_secant(x: torch.Tensor) -> torch.Tensor:
    return torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x.pow(3))).add_(1).mul_(0.5)


# Activation class → f(x)/x.
SECANTS: Mapping[type[nn.Module], Elementwise] = {
    activations.SiLUActivation: torch.sigmoid,
    nn.SiLU: torch.sigmoid,
    activations.GELUActivation: _gelu_secant,
    activations.GELUTanh: _gelu_tanh_secant,
    activations.NewGELUActivation: _gelu_tanh_secant,
}


def with_secant(activation: Elementwise, secant: Elementwise, x: torch.Tensor) -> torch.Tensor:
    """f(x), on the way back with the secant instead of the slope."""
    output: torch.Tensor = apply(Secant, x, activation, secant)
    return output


def constant(activation: Elementwise, x: torch.Tensor) -> torch.Tensor:
    """f(x), through which nothing comes back (the gate under CP-LRP)."""
    return activation(x.detach())

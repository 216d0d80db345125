"""What passes through a model while it is explained."""

from typing import Any

import torch

from attribution.lrp.objective import Objective
from attribution.lrp.relevance import backward, prepare
from attribution.lrp.rules.backward_trace import BackwardTrace, Observers
from attribution.lrp.settings import Method, PassSettings

States = dict[int, tuple[torch.Tensor, torch.Tensor]]


def states_of(model: Any, ids: torch.Tensor, objective: Objective, method: Method) -> States:
    """Hidden states and their cotangents, each (n, d), by stage number (stages.py)."""
    model, rules = prepare(model, ids, objective)
    states: States = {}
    trace = BackwardTrace(
        PassSettings(method),
        Observers(on_stage=lambda stage, h, g: states.update({stage: (h[0], g[0])})),
    )
    backward(model, rules, ids, objective, trace)
    return states

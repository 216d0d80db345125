"""What passes through a model while it is explained."""

from typing import Any

import torch

from attribution.lrp.relevance import Objective, backward, prepare
from attribution.lrp.rules.backward_trace import BackwardTrace, Method

States = dict[int, tuple[torch.Tensor, torch.Tensor]]


def states_of(model: Any, ids: torch.Tensor, objective: Objective, method: Method) -> States:
    """Hidden states and their cotangents, each (n, d), by stage as in trace.py."""
    model, rules = prepare(model, ids, objective)
    states: States = {}
    trace = BackwardTrace(
        method,
        lambda: None,
        on_stage=lambda stage, hidden, cotangent: states.update({stage: (hidden[0], cotangent[0])}),
    )
    backward(model, rules, ids, objective, trace)
    return states
